#include "reference.h"

/* The bytes that each place of a well-formed sequence may have. */
typedef struct form {
  size_t length;
  struct {
    uint8_t low, high;
  } bytes[4];
} form;

static const form forms[] = {
    {1, {{0x00, 0x7F}}},
    {2, {{0xC2, 0xDF}, {0x80, 0xBF}}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}},
    {3, {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}},
};

static bool fits(const form *row, const uint8_t *at, size_t left) {
  if (left < row->length) return false;
  for (size_t i = 0; i < row->length; i++)
    if (at[i] < row->bytes[i].low || at[i] > row->bytes[i].high) return false;
  return true;
}

static size_t length_of(const uint8_t *at, size_t left) {
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (fits(&forms[i], at, left)) return forms[i].length;
  return 0;
}

static uint32_t value_of(const uint8_t *at, size_t length) {
  if (length == 1) return at[0];
  if (length == 2) return (at[0] & 31u) << 6 | (at[1] & 63u);
  if (length == 3)
    return (at[0] & 15u) << 12 | (at[1] & 63u) << 6 | (at[2] & 63u);
  return (at[0] & 7u) << 18 | (at[1] & 63u) << 12 | (at[2] & 63u) << 6 |
         (at[3] & 63u);
}

static bool is_odd(uint32_t value) {
  if (value >= 0x01 && value <= 0x1F) return true;
  if (value >= 0x7F && value <= 0x9F) return true;
  if (value >= 0xFDD0 && value <= 0xFDEF) return true;
  for (uint32_t plane = 0; plane <= 16; plane++)
    if (value == plane * 0x10000 + 0xFFFE || value == plane * 0x10000 + 0xFFFF)
      return true;
  return false;
}

midge_utf8 reference_utf8_check(midge_slice text) {
  midge_utf8 verdict = MIDGE_UTF8_PLAIN;
  size_t length;
  for (size_t at = 0; at < text.size; at += length) {
    length = length_of(text.data + at, text.size - at);
    if (length == 0) return MIDGE_UTF8_WRONG;
    uint32_t value = value_of(text.data + at, length);
    if (value == 0) return MIDGE_UTF8_WRONG;
    if (is_odd(value)) verdict = MIDGE_UTF8_ODD;
  }
  return verdict;
}

size_t reference_encode(uint32_t character, uint8_t to[4]) {
  if (character < 0x80) {
    to[0] = (uint8_t)character;
    return 1;
  }
  size_t length = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
  static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (size_t i = length - 1; i > 0; i--, character >>= 6)
    to[i] = (uint8_t)(0x80 | (character & 0x3F));
  to[0] = (uint8_t)(leads[length] | character);
  return length;
}
