/* A connection as plain bytes, whatever lies between: TCP alone, TLS,
 * WebSocket, or WebSocket over TLS. Never blocks. */
#ifndef MIDGE_BENCH_LINK_H
#define MIDGE_BENCH_LINK_H

#include <openssl/ssl.h>

#include "bytes.h"
#include "websocket.h"

typedef struct sink_link {
  int fd;
  SSL *ssl;                  /* null without TLS */
  sink_websocket *websocket; /* null without WebSocket */
} sink_link;

typedef enum link_result { LINK_OK, LINK_WAIT, LINK_CLOSED } link_result;

/* Takes the descriptor over, also when it fails. */
bool link_open(sink_link *link, int fd, SSL_CTX *tls, bool over_websocket);
void link_close(sink_link *link);

/* Says that nothing more will come from here. Reading goes on: to close with
 * bytes unread would reset the connection, and some clients call that an
 * error even while they say goodbye. */
void link_finish(sink_link *link);

/* Appends what has arrived to `in`: LINK_OK if anything came. What WebSocket
 * itself has to answer goes to `out`. */
link_result link_read(sink_link *link, sink_bytes *in, sink_bytes *out);

/* Sends `out` until it is empty (LINK_OK) or the socket is full. */
link_result link_write(sink_link *link, sink_bytes *out);

/* Room in `out` for one MQTT packet, with a frame header before it where one
 * belongs; the caller fills exactly `size` bytes. Null when `out` is full. */
uint8_t *link_packet(const sink_link *link, sink_bytes *out, size_t size);

#endif
