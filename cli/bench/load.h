/* What pub and echo send, and when.
 *
 * With a rate the loop is open: message k is due at begin + k / rate, whatever
 * the server does, and its latency counts from then. If a slow server holds us
 * up, those that could not be begun in time have waited, and it shows; who
 * counts from the sending instead leaves out the very waiting that he measures
 * ("coordinated omission"). Without a rate each client has a window of
 * messages, and the next is due when one has ended. */
#ifndef MIDGE_CLI_BENCH_LOAD_H
#define MIDGE_CLI_BENCH_LOAD_H

#include "bench.h"

/* Everybody is there: the first is due now. */
void load_begin(bench *run, uint64_t now);
/* Sends what is due, but not all at once if it is much. */
void load_some(bench *run, uint64_t now);
/* When there is something to send, or MIDGE_NEVER. */
uint64_t load_deadline(const bench *run);
/* All that was asked for has been sent, or its time is over. */
bool load_is_over(const bench *run, uint64_t now);
/* What was due before `over` and was not begun has waited until now. */
void load_give_up(bench *run, uint64_t now);

/* A message has ended, whatever its end: in a closed loop the next one goes. */
void load_ended(bench *run, bench_client *client, uint64_t count, uint64_t now);
/* What was under way when the connection was lost may not come back. */
void load_reopened(bench *run, bench_client *client, uint64_t now);

#endif
