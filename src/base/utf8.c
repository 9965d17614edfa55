#include "base/utf8.h"

#include <string.h>

/* True if all eight bytes are from ' ' to '~'. A byte below 0x20 borrows, 0x7F
 * carries, and either sets a top bit; where a borrow or a carry would disturb
 * the next byte, the byte that made it has been caught already. */
static bool are_printable(const uint8_t *eight) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t word;
  memcpy(&word, eight, sizeof word);
  return ((word | (word - ones * 0x20) | (word + ones)) & (ones * 0x80)) == 0;
}

static bool is_printable(uint8_t byte) {
  return byte >= 0x20 && byte < 0x7F;
}

/* The first place at or after `at` that is not printable ASCII. */
static size_t skip_printable(midge_slice text, size_t at) {
  while (text.size - at >= 8 && are_printable(text.data + at)) at += 8;
  while (at < text.size && is_printable(text.data[at])) at++;
  return at;
}

/* Decode one character of at most `left` bytes. Returns its length, or 0 if it
 * is cut short, overlong, a surrogate or above U+10FFFF. */
static size_t decode(const uint8_t *at, size_t left, uint32_t *character) {
  static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
  uint8_t lead = at[0];
  if (lead < 0x80) return *character = lead, 1;

  size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || left < length) return 0;
  uint32_t value = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; i++) {
    if ((at[i] & 0xC0) != 0x80) return 0;
    value = value << 6 | (at[i] & 0x3Fu);
  }
  if (value < lowest[length] || value > 0x10FFFF) return 0;
  if (value >= 0xD800 && value <= 0xDFFF) return 0;
  *character = value;
  return length;
}

/* What a sender SHOULD NOT use: C0 and C1 controls and non-characters. */
static bool is_odd(uint32_t character) {
  return character < 0x20 || (character >= 0x7F && character <= 0x9F) ||
         (character >= 0xFDD0 && character <= 0xFDEF) ||
         (character & 0xFFFE) == 0xFFFE;
}

midge_utf8 midge_utf8_check(midge_slice text) {
  midge_utf8 verdict = MIDGE_UTF8_PLAIN;
  size_t at = 0;
  while ((at = skip_printable(text, at)) < text.size) {
    uint32_t character;
    size_t length = decode(text.data + at, text.size - at, &character);
    if (length == 0 || character == 0) return MIDGE_UTF8_WRONG;
    if (is_odd(character)) verdict = MIDGE_UTF8_ODD;
    at += length;
  }
  return verdict;
}
