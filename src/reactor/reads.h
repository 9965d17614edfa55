/* What sockets read into, one after the other. Many bytes stay where they were
 * read, and who is told of them holds the buffer. The next read goes into
 * another one; while several sockets share the thread it goes behind them, for
 * then each read is short:
 *
 *     [ held | held | what is read next ]
 *
 * They share it when one brings little between the much of another, who would
 * keep it waiting. All of this is of who has the reactor's lease. */
#ifndef MIDGE_REACTOR_READS_H
#define MIDGE_REACTOR_READS_H

#include "base/buffer.h"

/* What one read takes at most; the block it is in is of a size that the pool
 * keeps. */
enum { MIDGE_READ_BYTES = 64 * 1024 - (int)sizeof(midge_buffer) };

typedef struct midge_reads {
  const midge_allocator *allocator;
  midge_buffer *buffer; /* from `used` on nobody was shown any of it */
  size_t used;
  const void *bulk; /* who read much last: compared, and never followed */
  uint32_t shared;  /* so many more reads are short */
} midge_reads;

/* False when there is no memory. */
MIDGE_CHECKED bool midge_reads_init(midge_reads *reads,
                                    const midge_allocator *allocator);
void midge_reads_free(midge_reads *reads);

/* Where the next read is to be, `*size` bytes of it. */
uint8_t *midge_reads_place(midge_reads *reads, size_t *size);
/* Whoever `reader` is has read so much. */
void midge_reads_note(midge_reads *reads, const void *reader, size_t size);
/* The buffer, held by the caller, if the bytes were read into it and are worth
 * it; null: they are to be copied before the next read. */
midge_buffer *midge_reads_keep(midge_reads *reads, midge_slice bytes);

#endif
