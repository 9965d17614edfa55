/* An allocator that counts, and that fails when it is told to. */
#ifndef MIDGE_TEST_MEMORY_H
#define MIDGE_TEST_MEMORY_H

#include "midge/types.h"

typedef struct memory {
  size_t now;        /* bytes that are out */
  size_t peak;       /* the most there were */
  size_t calls;      /* allocations and growths so far */
  size_t fail_at;    /* the call that fails, counted from 1; 0: none */
  size_t fail_count; /* how many calls fail from there on; 0: all */
  size_t failed;     /* how many did */
  midge_allocator allocator;
} memory;

void memory_init(memory *to);

#endif
