/* conn with --hold: each connection is ended after a time, and its client makes
 * another one.
 *
 * With a rate, connection k is due at begin + k / rate, whatever the server
 * does, and the first client that is free makes it; if there is none, it is
 * late, and its latency has that. Without one, each client connects again as
 * soon as it has parted. */
#ifndef MIDGE_CLI_BENCH_CHURN_H
#define MIDGE_CLI_BENCH_CHURN_H

#include "bench.h"

/* Ends the connections whose time is over, and lets rested clients go on. */
void churn_some(bench *run, uint64_t now);
/* When there is something to do, or MIDGE_NEVER. */
uint64_t churn_deadline(const bench *run);

void churn_opened(bench *run, bench_client *client, uint64_t now);
/* It was open, and is not any more. */
void churn_closed(bench *run, bench_client *client);
/* Its attempt failed. */
void churn_failed(bench *run, bench_client *client, uint64_t now);

#endif
