/* Messages that sub and echo receive: how long they took, and whether some are
 * missing. */
#ifndef MIDGE_CLI_BENCH_RECEIVE_H
#define MIDGE_CLI_BENCH_RECEIVE_H

#include "bench.h"

void receive_message(bench *run, bench_client *client, const midge_event *event,
                     uint64_t now);
/* Nothing more comes. */
void receive_end(bench *run);

#endif
