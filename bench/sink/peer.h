/* One client of the sink: MQTT 3.1, 3.1.1 and 5, as far as a benchmark goes.
 *
 * What a client publishes is counted and dropped; QoS 0 to bench/echo is sent
 * back. A client identifier that
 * ends in -<count> asks for a line on stdout when half of that many have come,
 * and when all have. */
#ifndef MIDGE_BENCH_PEER_H
#define MIDGE_BENCH_PEER_H

#include "link.h"

typedef struct sink_peer sink_peer;

/* What all peers did, since the start. */
typedef struct sink_totals {
  uint64_t connections, resumed, publishes;
} sink_totals;

extern sink_totals totals;

/* Takes the descriptor over, also when it fails. */
sink_peer *peer_new(int fd, SSL_CTX *tls, bool over_websocket);
void peer_free(sink_peer *peer);
int peer_fd(const sink_peer *peer);

/* Reads, answers and writes what can be without waiting. False: it is over. */
bool peer_turn(sink_peer *peer);

/* What to wait for before the next turn. */
bool peer_wants_to_read(const sink_peer *peer);
bool peer_wants_to_write(const sink_peer *peer);

#endif
