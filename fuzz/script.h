/* Input bytes read as choices; zero when there are none left. */
#ifndef MIDGE_FUZZ_SCRIPT_H
#define MIDGE_FUZZ_SCRIPT_H

#include "midge/types.h"

typedef struct script {
  const uint8_t *at, *end;
} script;

static inline bool script_goes_on(const script *from) {
  return from->at != from->end;
}

static inline uint8_t script_byte(script *from) {
  return script_goes_on(from) ? *from->at++ : 0;
}

static inline unsigned script_two_bytes(script *from) {
  unsigned high = script_byte(from);
  return high << 8 | script_byte(from);
}

/* A length byte, and so many bytes of what is left. */
static inline midge_slice script_bytes(script *from) {
  size_t size = script_byte(from);
  size_t left = (size_t)(from->end - from->at);
  if (size > left) size = left;
  midge_slice bytes = {from->at, size};
  from->at += size;
  return bytes;
}

#endif
