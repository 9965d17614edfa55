/* What a server would hold against the client on one connection: identifiers
 * in use twice, more in flight than it can receive, what it said it does not
 * offer. It reads along on both sides of the stream.
 *
 * An identifier counts as free as soon as anything was said that could free
 * it, so a fault found here is one. */
#ifndef MIDGE_FUZZ_SERVER_H
#define MIDGE_FUZZ_SERVER_H

#include "midge/packet.h"

enum { SERVER_IDS = 512, SERVER_ROOM = 2048 };

typedef struct server_id {
  uint16_t packet_id;
  bool is_publish;
} server_id;

typedef struct server {
  midge_decode_options options; /* as the client reads what is said */
  bool answered;                /* CONNACK was said */
  bool lost;                    /* what is said makes no sense: judge no more */
  uint16_t receive_max, alias_max;
  uint8_t qos_max;
  bool retain;
  server_id ids[SERVER_IDS]; /* in use */
  size_t id_count;
  size_t said_size;
  uint8_t said[SERVER_ROOM]; /* what was said and is not a packet yet */
} server;

void server_init(server *s, const midge_decode_options *options);
/* Something was said to the client. */
void server_says(server *s, midge_slice bytes);
/* The client sent this. */
void server_hears(server *s, const midge_packet *packet);

#endif
