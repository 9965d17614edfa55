/* The server's half of WebSocket (RFC 6455), as much as MQTT needs: the
 * upgrade, binary frames in and out, ping and close answered. */
#ifndef MIDGE_BENCH_WEBSOCKET_H
#define MIDGE_BENCH_WEBSOCKET_H

#include "bytes.h"

typedef struct sink_websocket sink_websocket;

sink_websocket *websocket_new(void);
void websocket_free(sink_websocket *websocket);

/* Of `in`, the first `plain` bytes are unwrapped already: unwrap the rest in
 * place. Answers of WebSocket's own go to `out`. False: the client broke the
 * protocol or closed. */
bool websocket_unwrap(sink_websocket *websocket, sink_bytes *in, size_t plain,
                      sink_bytes *out);

/* The header of a binary frame that holds one MQTT packet of `size` bytes: one
 * frame for each packet is what mosquitto sends. */
size_t websocket_header_size(size_t size);
void websocket_header(uint8_t *to, size_t size);

#endif
