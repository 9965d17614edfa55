#include "filter/base64.h"

static const char ALPHABET[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void midge_base64(uint8_t *to, midge_slice bytes) {
  for (size_t i = 0; i < bytes.size; i += 3, to += 4) {
    size_t left = bytes.size - i;
    uint32_t three = (uint32_t)bytes.data[i] << 16;
    if (left > 1) three |= (uint32_t)bytes.data[i + 1] << 8;
    if (left > 2) three |= bytes.data[i + 2];
    to[0] = (uint8_t)ALPHABET[three >> 18];
    to[1] = (uint8_t)ALPHABET[three >> 12 & 63];
    to[2] = (uint8_t)(left > 1 ? ALPHABET[three >> 6 & 63] : '=');
    to[3] = (uint8_t)(left > 2 ? ALPHABET[three & 63] : '=');
  }
}
