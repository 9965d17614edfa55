#include "transcript/line.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "midge/packet.h"

static const struct {
  const char *name;
  uint64_t number;
} words[] = {
#define WORD(name, number, packets, text) {#name, number},
    MIDGE_REASON_MAP(WORD)
#undef WORD
        {"true", 1},
    {"false", 0},
};

static const struct {
  const char *name;
  uint64_t ms;
} units[] = {{"", 1},      {"ms", 1},      {"s", 1000},
             {"m", 60000}, {"h", 3600000}, {"d", 86400000}};

static int unescape(const char **at) {
  char kind = *(*at)++;
  switch (kind) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '0':
      return '\0';
    case 'x': {
      char digits[3] = {(*at)[0], (*at)[0] == 0 ? 0 : (*at)[1], 0};
      *at += strlen(digits);
      return (int)strtol(digits, NULL, 16);
    }
    default:
      return kind;
  }
}

/* After the closing quote: `*70000` repeats the text. */
static midge_slice repeat(const char **at, uint8_t *text, size_t size) {
  if (**at != '*') return (midge_slice){text, size};
  char *end = NULL;
  size_t times = strtoul(*at + 1, &end, 10);
  *at = end;
  uint8_t *all = malloc(size * times + 1);
  for (size_t i = 0; i < times; i++) memcpy(all + i * size, text, size);
  free(text);
  return (midge_slice){all, size * times};
}

static midge_slice parse_quoted(line *to, const char **at) {
  uint8_t *text = malloc(strlen(*at) + 1);
  size_t size = 0;
  const char *p = *at + 1;
  while (*p != '"' && *p != '\0') {
    if (*p != '\\') {
      text[size++] = (uint8_t)*p++;
    } else {
      p++;
      text[size++] = (uint8_t)unescape(&p);
    }
  }
  if (*p == '"') {
    p++;
  } else {
    snprintf(to->error, sizeof to->error, "a quote is not closed");
  }
  *at = p;
  return repeat(at, text, size);
}

static midge_slice parse_word(const char **at) {
  size_t size = strcspn(*at, " ");
  uint8_t *text = malloc(size + 1);
  memcpy(text, *at, size);
  text[size] = 0;
  *at += size;
  return (midge_slice){text, size};
}

static size_t parse_name(const char *at, char *name, size_t room) {
  size_t size = strcspn(at, "= \"");
  if (at[size] != '=' || size >= room) size = 0;
  memcpy(name, at, size);
  name[size] = '\0';
  return size == 0 ? 0 : size + 1;
}

static void parse_field(line *to, const char **at) {
  field *f = &to->fields[to->count++];
  memset(f, 0, sizeof *f);
  *at += parse_name(*at, f->name, sizeof f->name);
  if (**at != '"') {
    f->value = parse_word(at);
    return;
  }
  f->quoted = true;
  f->value = parse_quoted(to, at);
  if ((*at)[0] == ',' && (*at)[1] == '"') {
    (*at)++;
    f->second = parse_quoted(to, at);
  }
}

void line_parse(line *to, const char *text) {
  memset(to, 0, sizeof *to);
  const char *at = text + strspn(text, " ");
  size_t size = strcspn(at, " ");
  if (size == 0 || size >= sizeof to->verb) {
    snprintf(to->error, sizeof to->error, "no verb");
    return;
  }
  memcpy(to->verb, at, size);
  at += size;
  for (at += strspn(at, " "); *at != '\0'; at += strspn(at, " ")) {
    if (to->count == LINE_FIELDS_MAX) {
      snprintf(to->error, sizeof to->error, "too many fields");
      return;
    }
    parse_field(to, &at);
  }
}

void line_free(line *of) {
  for (size_t i = 0; i < of->count; i++) {
    free((void *)of->fields[i].value.data);
    free((void *)of->fields[i].second.data);
  }
  of->count = 0;
}

void line_join(line *to, line *from) {
  for (size_t i = 0; i < from->count && to->count < LINE_FIELDS_MAX; i++) {
    to->fields[to->count++] = from->fields[i];
  }
  from->count = 0;
}

field *line_find(line *in, const char *name, size_t index) {
  for (size_t i = 0; i < in->count; i++) {
    if (strcmp(in->fields[i].name, name) != 0) continue;
    in->fields[i].used = true;
    if (index-- == 0) return &in->fields[i];
  }
  return NULL;
}

bool field_is(const field *of, const char *word) {
  return !of->quoted && of->value.size == strlen(word) &&
         memcmp(of->value.data, word, of->value.size) == 0;
}

bool line_has(line *in, const char *name) {
  field *f = line_find(in, name, 0);
  return f != NULL && !field_is(f, "none");
}

uint64_t field_number(const field *of, bool *valid) {
  *valid = !of->quoted;
  const char *text = (const char *)of->value.data;
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    if (field_is(of, words[i].name)) return words[i].number;
  }
  char *end = NULL;
  uint64_t number = strtoull(text, &end, 0);
  for (size_t i = 0; end != text && i < sizeof units / sizeof units[0]; i++) {
    if (strcmp(end, units[i].name) == 0) return number * units[i].ms;
  }
  *valid = false;
  return 0;
}

uint64_t line_number(line *in, const char *name, uint64_t otherwise) {
  if (!line_has(in, name)) return otherwise;
  bool valid;
  uint64_t number = field_number(line_find(in, name, 0), &valid);
  if (!valid) {
    snprintf(in->error, sizeof in->error, "%s is not a number", name);
  }
  return number;
}

midge_slice line_text(line *in, const char *name, midge_slice otherwise) {
  return line_has(in, name) ? line_find(in, name, 0)->value : otherwise;
}

size_t line_bytes(line *in, const char *name, uint8_t *bytes, size_t room) {
  if (!line_has(in, name)) return 0;
  size_t count = 0;
  const char *at = (const char *)line_find(in, name, 0)->value.data;
  while (*at != '\0' && count < room) {
    char *end = NULL;
    bytes[count++] = (uint8_t)strtoul(at, &end, 0);
    if (end == at) break;
    at = *end == ',' ? end + 1 : end;
  }
  return count;
}

uint64_t line_argument(line *in) {
  return line_number(in, "", 0);
}

const char *line_unused(const line *in) {
  for (size_t i = 0; i < in->count; i++) {
    if (!in->fields[i].used) return in->fields[i].name;
  }
  return NULL;
}

static size_t count_named(const line *in, const char *name) {
  size_t count = 0;
  for (size_t i = 0; i < in->count; i++) {
    count += strcmp(in->fields[i].name, name) == 0;
  }
  return count;
}

static bool same_value(const field *expected, const field *actual) {
  bool number, other;
  uint64_t a = field_number(expected, &number);
  uint64_t b = field_number(actual, &other);
  if (number && other) return a == b;
  return expected->quoted == actual->quoted &&
         midge_slice_equal(expected->value, actual->value) &&
         midge_slice_equal(expected->second, actual->second);
}

static bool field_matches(const field *expected, size_t index, line *actual,
                          size_t count) {
  const char *name = expected->name;
  size_t found = count_named(actual, name);
  if (field_is(expected, "none")) {
    if (found == 0) return true;
    snprintf(actual->error, sizeof actual->error, "%s is there", name);
    return false;
  }
  if (found != count) {
    snprintf(actual->error, sizeof actual->error,
             "%s is there %zu times, not %zu", name, found, count);
    return false;
  }
  if (same_value(expected, line_find(actual, name, index))) return true;
  snprintf(actual->error, sizeof actual->error, "%s differs", name);
  return false;
}

bool line_matches(line *expected, line *actual) {
  if (strcmp(expected->verb, actual->verb) != 0) {
    snprintf(actual->error, sizeof actual->error, "not the same");
    return false;
  }
  for (size_t i = 0; i < expected->count; i++) {
    field *f = &expected->fields[i];
    size_t index = 0;
    for (size_t j = 0; j < i; j++) {
      index += strcmp(expected->fields[j].name, f->name) == 0;
    }
    f->used = true;
    if (!field_matches(f, index, actual, count_named(expected, f->name))) {
      return false;
    }
  }
  return true;
}

uint8_t *hex_parse(const char *text, size_t *size) {
  uint8_t *bytes = malloc(strlen(text) + 1);
  *size = 0;
  while (isxdigit((unsigned char)*(text += strspn(text, " ")))) {
    char *end = NULL;
    bytes[(*size)++] = (uint8_t)strtoul(text, &end, 16);
    text = end;
  }
  return bytes;
}
