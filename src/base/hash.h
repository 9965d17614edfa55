/* Hashing: numbers for tables, bytes for tables and checksums. */
#ifndef MIDGE_BASE_HASH_H
#define MIDGE_BASE_HASH_H

#include "midge/types.h"

/* Fibonacci hashing: spreads keys that follow each other. */
static inline uint32_t midge_hash_number(uint32_t number) {
  return (uint32_t)((number * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
}

/* FNV-1a. */
static inline uint32_t midge_hash_bytes(midge_slice bytes) {
  uint32_t hash = UINT32_C(2166136261);
  for (size_t i = 0; i < bytes.size; i++)
    hash = (hash ^ bytes.data[i]) * UINT32_C(16777619);
  return hash;
}

#endif
