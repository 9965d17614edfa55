#include "expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  figure_kind kind;
  double size;
} units[] = {
    {"ns", IS_TIME, 1},         {"us", IS_TIME, 1e3},
    {"µs", IS_TIME, 1e3},       {"ms", IS_TIME, 1e6},
    {"s", IS_TIME, 1e9},        {"B", IS_BYTES, 1},
    {"KiB", IS_BYTES, 1024},    {"MiB", IS_BYTES, 1 << 20},
    {"GiB", IS_BYTES, 1 << 30}, {"kB", IS_BYTES, 1e3},
    {"MB", IS_BYTES, 1e6},      {"GB", IS_BYTES, 1e9},
    {"", IS_COUNT, 1},          {"", IS_RATE, 1},
    {"/s", IS_RATE, 1},         {"", IS_BYTES, 1},
};

/* Where the name, the relation and the value of one expectation are. */
typedef struct parts {
  const char *name, *relation, *value;
  size_t name_size, relation_size, value_size;
} parts;

static void cut_blanks(const char **text, size_t *size) {
  while (*size > 0 && **text == ' ') ++*text, --*size;
  while (*size > 0 && (*text)[*size - 1] == ' ') --*size;
}

static parts split(const char *text, size_t size) {
  parts of = {.name = text};
  while (of.name_size < size && !strchr("<>=!", text[of.name_size]))
    of.name_size++;
  of.relation = text + of.name_size;
  size_t rest = size - of.name_size;
  while (of.relation_size < rest &&
         strchr("<>=!", of.relation[of.relation_size]))
    of.relation_size++;
  of.value = of.relation + of.relation_size;
  of.value_size = rest - of.relation_size;
  cut_blanks(&of.name, &of.name_size);
  cut_blanks(&of.value, &of.value_size);
  return of;
}

static void list_names(char *why, size_t size) {
  size_t at = strlen(why);
  for (figure which = 0; which < FIGURES && at < size; which++) {
    int more = snprintf(why + at, size - at, "%s%s", which == 0 ? "" : ", ",
                        figure_name(which));
    at += (size_t)more;
  }
}

static bool read_relation(const parts *of, expectation *one) {
  static const char *const names[] = {"<", "<=", "=", "==", "!=", ">=", ">"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strlen(names[i]) != of->relation_size ||
        memcmp(names[i], of->relation, of->relation_size) != 0)
      continue;
    bool doubled = strcmp(names[i], "==") == 0;
    snprintf(one->relation, sizeof one->relation, "%s",
             doubled ? "=" : names[i]);
    return true;
  }
  return false;
}

static bool read_value(const parts *of, expectation *one) {
  char text[64], *end;
  if (of->value_size == 0 || of->value_size >= sizeof text) return false;
  memcpy(text, of->value, of->value_size);
  text[of->value_size] = '\0';
  one->value = strtod(text, &end);
  if (end == text || !isfinite(one->value)) return false;
  while (*end == ' ') end++;
  figure_kind kind = figure_kind_of(one->which);
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (units[i].kind != kind || strcmp(units[i].name, end) != 0) continue;
    one->value *= units[i].size;
    return true;
  }
  return one->value == 0 && *end == '\0';
}

static const char *value_help(figure_kind kind) {
  switch (kind) {
    case IS_TIME:
      return "a time: 5ms, 250us, 1.5s or 800ns";
    case IS_BYTES:
      return "a size: 64KiB, 10MB or 4096";
    case IS_RATE:
      return "a rate: 1000 or 1000/s";
    default:
      return "a number: 0";
  }
}

static bool read_one(expectations *all, const char *text, size_t size,
                     char why[EXPECT_WHY]) {
  parts of = split(text, size);
  if (all->count == EXPECTATIONS_MAX) {
    snprintf(why, EXPECT_WHY, "at most %d can be asserted", EXPECTATIONS_MAX);
    return false;
  }
  expectation *one = &all->list[all->count];
  one->which = figure_find(of.name, of.name_size);
  if (one->which == FIGURES) {
    snprintf(why, EXPECT_WHY, "nothing is called '%.*s'; there are ",
             (int)(of.name_size < 40 ? of.name_size : 40), of.name);
    list_names(why, EXPECT_WHY);
    return false;
  }
  if (!read_relation(&of, one)) {
    snprintf(why, EXPECT_WHY,
             "between %s and its value stands <, <=, =, !=, >= or >",
             figure_name(one->which));
    return false;
  }
  if (!read_value(&of, one)) {
    snprintf(why, EXPECT_WHY, "'%.*s' is no value of %s, which is %s",
             (int)(of.value_size < 40 ? of.value_size : 40), of.value,
             figure_name(one->which), value_help(figure_kind_of(one->which)));
    return false;
  }
  all->count++;
  return true;
}

bool expect_read(expectations *all, const char *text, char why[EXPECT_WHY]) {
  for (;;) {
    size_t size = strcspn(text, ",");
    if (!read_one(all, text, size, why)) return false;
    if (text[size] == '\0') return true;
    text += size + 1;
  }
}

bool expect_met(const expectation *one, const figures *measured) {
  double value = measured->of[one->which];
  if (isnan(value)) return false;
  bool is_equal = value >= one->value && value <= one->value;
  bool or_equal = one->relation[1] == '=';
  switch (one->relation[0]) {
    case '<':
      return value < one->value || (or_equal && is_equal);
    case '>':
      return value > one->value || (or_equal && is_equal);
    case '!':
      return !is_equal;
    default:
      return is_equal;
  }
}

const char *expect_text(const expectation *one, const figures *measured,
                        char text[EXPECT_WHY]) {
  char wanted[FIGURE_TEXT], was[FIGURE_TEXT];
  figure_kind kind = figure_kind_of(one->which);
  bool is_known = !isnan(measured->of[one->which]);
  snprintf(text, EXPECT_WHY, "%s %s %s: it was %s", figure_name(one->which),
           one->relation, figure_text(kind, one->value, wanted),
           is_known ? figure_text(kind, measured->of[one->which], was)
                    : "not measured");
  return text;
}
