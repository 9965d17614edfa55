/* Connecting and subscribing the clients of a run. */
#ifndef MIDGE_CLI_BENCH_DIAL_H
#define MIDGE_CLI_BENCH_DIAL_H

#include "bench.h"

/* Makes the clients, none of them connected. False: why not was said. */
bool dial_prepare(bench *run);
/* Begins the connections whose time has come; at most a few are under way when
 * no rate was asked for. */
void dial_some(bench *run, uint64_t now);
/* When the next one is due; 0: now; MIDGE_NEVER: something is to happen first.
 */
uint64_t dial_deadline(const bench *run);
/* No other one is to be begun. */
bool dial_is_over(const bench *run, uint64_t now);
bool dial_is_done(const bench *run);
/* With --hold: what was due before `over` and was not begun has waited until
 * now. */
void dial_give_up(bench *run, uint64_t now);

void dial_opened(bench *run, bench_client *client, uint64_t now);
void dial_closed(bench *run, bench_client *client, const midge_event *event,
                 uint64_t now);
/* The answer to the subscription. */
void dial_subscribed(bench *run, bench_client *client,
                     const midge_event *event);

/* Says goodbye to everybody, without waiting for what is unfinished. */
void dial_part(bench *run);
void dial_free(bench *run);

/* The token of subscriptions; those of messages are times, and higher. */
enum { DIAL_TOKEN = 1 };

#endif
