#include "base64.h"

#include <stdlib.h>
#include <string.h>

static const char letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_encode(midge_slice bytes) {
  char *text = malloc((bytes.size + 2) / 3 * 4 + 1), *to = text;
  if (text == NULL) return NULL;
  for (size_t i = 0; i < bytes.size; i += 3) {
    size_t left = bytes.size - i;
    uint32_t bits = (uint32_t)bytes.data[i] << 16;
    if (left > 1) bits |= (uint32_t)bytes.data[i + 1] << 8;
    if (left > 2) bits |= bytes.data[i + 2];
    *to++ = letters[bits >> 18];
    *to++ = letters[bits >> 12 & 63];
    *to++ = left > 1 ? letters[bits >> 6 & 63] : '=';
    *to++ = left > 2 ? letters[bits & 63] : '=';
  }
  *to = '\0';
  return text;
}

long base64_decode(const char *text, size_t size, uint8_t *bytes) {
  size_t padding = 0;
  if (size % 4 != 0) return -1;
  while (padding < 2 && padding < size && text[size - padding - 1] == '=')
    padding++;
  uint32_t bits = 0;
  uint8_t *to = bytes;
  for (size_t i = 0; i < size; i++) {
    bool is_padding = i >= size - padding;
    const char *at = text[i] == '\0' ? NULL : strchr(letters, text[i]);
    if (at == NULL && !is_padding) return -1;
    bits = bits << 6 | (is_padding ? 0 : (uint32_t)(at - letters));
    if (i % 4 != 3) continue;
    *to++ = (uint8_t)(bits >> 16);
    *to++ = (uint8_t)(bits >> 8);
    *to++ = (uint8_t)bits;
  }
  /* What is cut off was zero, so that each text is one row of bytes alone. */
  if (padding == 2 && (bits & 0xffff) != 0) return -1;
  if (padding == 1 && (bits & 0xff) != 0) return -1;
  return (long)(to - bytes) - (long)padding;
}
