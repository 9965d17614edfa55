/* Whether Node's loop polls on instead of sleeping, after a turn. A core that
 * has fallen asleep takes longer to wake than a near server to answer, and the
 * server's falls asleep meanwhile, too. What comes is counted, and who polls on
 * in vain needs more of it until the next time. Times are of one clock, in
 * nanoseconds. */
#ifndef MIDGE_ADDON_BUSY_POLL_H
#define MIDGE_ADDON_BUSY_POLL_H

#include <stdbool.h>
#include <stdint.h>

typedef struct midge_busy_poll {
  uint64_t since_ns; /* the end of the last turn */
  unsigned soon;     /* in a row came soon after it */
  unsigned shy;      /* doublings of how many of them are wanted */
  bool is_on;
} midge_busy_poll;

/* Something can be read. */
void midge_busy_poll_note(midge_busy_poll *polling, uint64_t now_ns);
/* The turn has ended: true, the loop is to poll on. */
bool midge_busy_poll_begin(midge_busy_poll *polling, uint64_t now_ns);
/* Polled in vain: true, the loop is to poll on. */
bool midge_busy_poll_goes_on(midge_busy_poll *polling, uint64_t now_ns);

#endif
