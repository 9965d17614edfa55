#include "properties.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
  const char *name;
  unsigned packet;
} packets[] = {
    {"connect", MIDGE_CONNECT},       {"publish", MIDGE_PUBLISH},
    {"subscribe", MIDGE_SUBSCRIBE},   {"unsubscribe", MIDGE_UNSUBSCRIBE},
    {"disconnect", MIDGE_DISCONNECT}, {"will", MIDGE_WILL},
};

static const struct {
  const char *name; /* of MIDGE_PROPERTY_MAP */
  midge_property_id id;
} names[] = {
#define NAME(name, id, type, packets, low, high, many, js) {#name, id},
    MIDGE_PROPERTY_MAP(NAME)
#undef NAME
};

void property_name(midge_property_id id, char *name, size_t size) {
  name[0] = '\0';
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (names[i].id == id) snprintf(name, size, "%s", names[i].name);
  }
  for (char *c = name; *c != '\0'; c++)
    *c = *c == '_' ? '-' : (char)tolower((unsigned char)*c);
}

const midge_property_row *property_row(const char *word) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char name[48];
    property_name(names[i].id, name, sizeof name);
    if (strcasecmp(word, name) == 0) return midge_property_look_up(names[i].id);
  }
  return NULL;
}

int property_words(const char *const *words, int count) {
  if (count < 3) return 0;
  const midge_property_row *row = property_row(words[1]);
  int needed = row != NULL && row->type == MIDGE_TYPE_PAIR ? 4 : 3;
  return count < needed ? 0 : needed;
}

bool property_is_number(midge_property_type type) {
  return type == MIDGE_TYPE_BOOLEAN || type == MIDGE_TYPE_QOS ||
         type == MIDGE_TYPE_TWO_BYTES || type == MIDGE_TYPE_FOUR_BYTES ||
         type == MIDGE_TYPE_VARIABLE;
}

static const char *read_value(cli_settings *settings,
                              const midge_property_row *row, char **words,
                              midge_property *property) {
  property->id = row->id;
  if (row->type == MIDGE_TYPE_PAIR) {
    property->name = text_of(words[2]);
    property->value = text_of(words[3]);
    return NULL;
  }
  property->value = text_of(words[2]);
  if (!property_is_number(row->type)) return NULL;
  char *end;
  double number = strtod(words[2], &end);
  double high = row->type == MIDGE_TYPE_TWO_BYTES && row->high > UINT16_MAX
                    ? UINT16_MAX
                    : row->high;
  if (end == words[2] || *end != '\0' || number < row->low || number > high ||
      number != (uint32_t)number)
    return sentence(settings, "%s is a number from %u to %.0f, not '%s'",
                    words[1], row->low, high, words[2]);
  property->number = (uint32_t)number;
  property->value = (midge_slice){0};
  return NULL;
}

static void append(cli_settings *settings, unsigned packet,
                   midge_property property) {
  property_list *to = &settings->properties[packet];
  midge_property *list = keep(settings, (to->count + 1) * sizeof *list);
  if (to->count != 0) memcpy(list, to->list, to->count * sizeof *list);
  list[to->count++] = property;
  to->list = list;
}

/* The names of those that belong into a packet. */
static const char *names_of(cli_settings *settings, unsigned packet) {
  const char *list = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char name[48];
    property_name(names[i].id, name, sizeof name);
    if ((midge_property_look_up(names[i].id)->packets & 1u << packet) == 0)
      continue;
    list = list == NULL ? sentence(settings, "%s", name)
                        : sentence(settings, "%s, %s", list, name);
  }
  return list;
}

const char *property_read(cli_settings *settings, char **words) {
  unsigned packet = 0;
  for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
    if (strcasecmp(words[0], packets[i].name) == 0) packet = packets[i].packet;
  }
  if (packet == 0)
    return sentence(settings,
                    "-D %s: there is connect, publish, subscribe, unsubscribe, "
                    "disconnect and will",
                    words[0]);
  const midge_property_row *row = property_row(words[1]);
  if (row == NULL)
    return sentence(settings,
                    "-D %s %s: there is no such property, there is %s",
                    words[0], words[1], names_of(settings, packet));
  if ((row->packets & 1u << packet) == 0)
    return sentence(settings, "-D %s %s: it does not belong there, but %s",
                    words[0], words[1], names_of(settings, packet));
  midge_property property = {0};
  const char *wrong = read_value(settings, row, words, &property);
  if (wrong == NULL) append(settings, packet, property);
  return wrong;
}

const char *properties_check(cli_settings *settings) {
  for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
    midge_properties list = settings_properties(settings, packets[i].packet);
    midge_status status = midge_properties_check(list, packets[i].packet);
    if (status != MIDGE_OK)
      return sentence(settings,
                      "-D %s: a property is there twice, or its "
                      "value cannot be: %s",
                      packets[i].name, midge_status_text(status));
  }
  return NULL;
}
