/* WebSocket, the client's side (RFC 6455; MQTT 5, 6.0): the upgrade request,
 * then binary frames whose borders mean nothing to MQTT. */
#ifndef MIDGE_FILTER_WEBSOCKET_H
#define MIDGE_FILTER_WEBSOCKET_H

#include "filter/filter.h"

typedef struct midge_websocket_options {
  midge_slice host; /* for the Host header: "name", "name:8080", "[::1]:80";
                       leave the port out when it is the scheme's own */
  midge_slice path; /* with the query; null data or empty: "/" */
  midge_slice subprotocol;    /* null data: "mqtt"; for MQTT 3.1 "mqttv3.1" */
  const midge_slice *headers; /* "Name: value", without line ends */
  size_t header_count;
  size_t frame_bytes_max; /* 0: 268435461, the largest MQTT packet. A message
                             may have any number of frames: it is passed on
                             as it comes, never collected. */
  /* Fills `bytes` with what nobody can guess; null: OpenSSL's generator. */
  void (*random)(void *context, uint8_t *bytes, size_t size);
  void *random_context;
  const midge_allocator *allocator;
} midge_websocket_options;

/* Everything is copied. MIDGE_EINVAL: a header or path with a line end in it,
 * or one that is midge's own (Host, Upgrade, Connection, Sec-WebSocket-*).
 * MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_websocket_new(
    midge_filter **filter, const midge_websocket_options *options);

#endif
