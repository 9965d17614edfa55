/* Numbers that look random and follow from the seed alone (splitmix64). */
#ifndef MIDGE_TEST_DICE_H
#define MIDGE_TEST_DICE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct dice {
  uint64_t state;
} dice;

static inline uint64_t dice_next(dice *d) {
  uint64_t z = d->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* From 0 to `sides` - 1. */
static inline uint32_t dice_roll(dice *d, uint32_t sides) {
  return (uint32_t)(dice_next(d) % sides);
}

/* True `of` times in ten thousand. */
static inline bool dice_hits(dice *d, uint32_t of) {
  return dice_roll(d, 10000) < of;
}

#endif
