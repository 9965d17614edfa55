#include "notation.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static unsigned hex_digit(char digit) {
  static const char digits[] = "0123456789abcdef";
  const char *found = strchr(digits, digit);
  assert(digit != 0 && found != NULL);
  return (unsigned)(found - digits);
}

/* Both passes: a null `to` only measures. */
static size_t read_into(const char *at, uint8_t *to) {
  size_t size = 0;
  uint8_t byte = 0;
  while (*at != 0) {
    size_t times = 1;
    if (*at == ' ') {
      at++;
      continue;
    }
    if (*at == '\'') {
      for (at++; *at != '\''; at++, size++)
        if (to != NULL) to[size] = (uint8_t)*at;
      at++;
      continue;
    }
    if (*at == '*') {
      char *end;
      times = strtoul(at + 1, &end, 10) - 1;
      at = end;
    } else {
      byte = (uint8_t)(hex_digit(at[0]) << 4 | hex_digit(at[1]));
      at += 2;
    }
    if (to != NULL) memset(to + size, byte, times);
    size += times;
  }
  return size;
}

uint8_t *notation_read(const char *notation, size_t *size) {
  *size = read_into(notation, NULL);
  uint8_t *bytes = malloc(*size != 0 ? *size : 1);
  assert(bytes != NULL);
  read_into(notation, bytes);
  return bytes;
}
