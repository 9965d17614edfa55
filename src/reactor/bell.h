/* What wakes a loop from other threads: an eventfd that it polls.
 *
 * A uv_async_t of libuv 1.44 has the loop wait for the one who rings
 * until he has finished, with a busy loop of some 25 us. When both share a
 * core, he has been interrupted by the very wake and cannot. */
#ifndef MIDGE_REACTOR_BELL_H
#define MIDGE_REACTOR_BELL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <uv.h>

typedef struct midge_bell {
  uv_poll_t poll; /* its data is who owns the bell */
  uv_poll_cb heard;
  int file;         /* -1: there is none */
  atomic_bool rung; /* and not heard yet */
} midge_bell;

/* 0 or an error of libuv. `heard` is called once for all rings before it. */
int midge_bell_hang(midge_bell *bell, uv_loop_t *loop, uv_poll_cb heard);
/* On any thread, until it is freed. What was written before is seen by whoever
 * hears it. */
void midge_bell_ring(midge_bell *bell);
/* Nobody hears it any more; the loop has to run once for it to be closed. */
void midge_bell_close(midge_bell *bell);
void midge_bell_free(midge_bell *bell);

#endif
