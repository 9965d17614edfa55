#include "peer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "stream.h"

enum {
  CONNECT = 1,
  PUBLISH = 3,
  PUBACK = 4,
  PUBREC = 5,
  PUBREL = 6,
  PUBCOMP = 7,
  SUBSCRIBE = 8,
  UNSUBSCRIBE = 10,
  PINGREQ = 12,
  DISCONNECT = 14,
};

/* A packet is parsed when it lies whole in `in`. The answers to a full `in`
 * fit into half of `out`. */
enum { IN_MAX = 256 * 1024, OUT_MAX = 1024 * 1024, ANSWERS_MAX = OUT_MAX / 2 };

/* What is published to it is sent back. */
#define ECHO_TOPIC "bench/echo"

/* So that one client with a fast socket does not starve the others. */
enum { ROUNDS_MAX = 16 };

struct sink_peer {
  sink_link link;
  sink_bytes in, out;
  bool connected, finished, mqtt5, blocked;
  unsigned receive_max; /* of the client: how many QoS 1 and 2 it takes */
  char client_id[64];
  uint64_t expected; /* publishes to come before "counted"; 0: not asked */
  uint64_t publishes;
  sink_stream *stream; /* null unless subscribed to one */
};

sink_totals totals;

/* The body of one packet, without its fixed header, as far as it is read. */
typedef struct sink_cursor {
  const uint8_t *at, *end;
} sink_cursor;

/* The clock that Node's process.hrtime and the C rivals read, too. */
static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void report(const char *what, const sink_peer *peer) {
  printf("%s %s %" PRIu64 "\n", what, peer->client_id, now_ns());
  fflush(stdout);
}

sink_peer *peer_new(int fd, SSL_CTX *tls, bool over_websocket) {
  sink_peer *peer = calloc(1, sizeof *peer);
  bool opened = link_open(&peer->link, fd, tls, over_websocket);
  if (opened && bytes_init(&peer->in, IN_MAX) &&
      bytes_init(&peer->out, OUT_MAX))
    return peer;
  if (opened) link_close(&peer->link);
  bytes_free(&peer->in);
  bytes_free(&peer->out);
  free(peer);
  return NULL;
}

void peer_free(sink_peer *peer) {
  link_close(&peer->link);
  bytes_free(&peer->in);
  bytes_free(&peer->out);
  stream_free(peer->stream);
  free(peer);
}

int peer_fd(const sink_peer *peer) {
  return peer->link.fd;
}

static void answer(sink_peer *peer, const void *packet, size_t size) {
  uint8_t *to = link_packet(&peer->link, &peer->out, size);
  if (!to) abort(); /* ANSWERS_MAX was free before we parsed */
  memcpy(to, packet, size);
}

static void acknowledge(sink_peer *peer, uint8_t first_byte, uint16_t id) {
  answer(peer, (uint8_t[]){first_byte, 2, (uint8_t)(id >> 8), (uint8_t)id}, 4);
}

/* --- Reading --- */

static bool take_number(sink_cursor *cursor, unsigned size, uint32_t *number) {
  if (cursor->end - cursor->at < (long)size) return false;
  *number = 0;
  while (size--) *number = *number << 8 | *cursor->at++;
  return true;
}

static bool take_text(sink_cursor *cursor, const uint8_t **text,
                      uint32_t *size) {
  if (!take_number(cursor, 2, size)) return false;
  if (cursor->end - cursor->at < (long)*size) return false;
  *text = cursor->at;
  cursor->at += *size;
  return true;
}

/* 1: taken, 0: incomplete, -1: malformed. */
static int take_length(sink_cursor *cursor, uint32_t *length) {
  *length = 0;
  for (unsigned shift = 0; shift < 28; shift += 7) {
    if (cursor->at == cursor->end) return 0;
    uint8_t byte = *cursor->at++;
    *length |= (uint32_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return 1;
  }
  return -1;
}

static bool take_properties(sink_cursor *from, sink_cursor *properties) {
  uint32_t length;
  if (take_length(from, &length) != 1) return false;
  if (from->end - from->at < (long)length) return false;
  *properties = (sink_cursor){from->at, from->at + length};
  from->at += length;
  return true;
}

/* Of CONNECT only Receive Maximum matters here; fixed sizes are enough to get
 * past the numbers, and the texts tell their size. */
static bool take_receive_max(sink_cursor properties, unsigned *receive_max) {
  while (properties.at < properties.end) {
    uint32_t number, size;
    const uint8_t *text;
    uint8_t id = *properties.at++;
    bool taken =
        id == 0x11 || id == 0x27   ? take_number(&properties, 4, &number)
        : id == 0x21 || id == 0x22 ? take_number(&properties, 2, &number)
        : id == 0x17 || id == 0x19 ? take_number(&properties, 1, &number)
                                   : take_text(&properties, &text, &size);
    if (taken && id == 0x26) taken = take_text(&properties, &text, &size);
    if (!taken) return false;
    if (id == 0x21) *receive_max = number;
  }
  return true;
}

static void set_client_id(sink_peer *peer, const uint8_t *id, uint32_t size) {
  if (size >= sizeof peer->client_id) size = sizeof peer->client_id - 1;
  memcpy(peer->client_id, id, size);
  peer->client_id[size] = 0;
  const char *dash = strrchr(peer->client_id, '-');
  peer->expected = dash ? strtoull(dash + 1, NULL, 10) : 0;
}

static bool handle_connect(sink_peer *peer, sink_cursor body) {
  const uint8_t *text;
  uint32_t size, level, flags, keep_alive;
  if (peer->connected) return false;
  if (!take_text(&body, &text, &size)) return false;
  if (!take_number(&body, 1, &level)) return false;
  if (!take_number(&body, 1, &flags)) return false;
  if (!take_number(&body, 2, &keep_alive)) return false;
  peer->mqtt5 = level == 5;
  peer->receive_max = 65535;
  sink_cursor properties;
  if (peer->mqtt5 && (!take_properties(&body, &properties) ||
                      !take_receive_max(properties, &peer->receive_max)))
    return false;
  if (!take_text(&body, &text, &size)) return false;
  set_client_id(peer, text, size);
  peer->connected = true;
  totals.connections++;
  if (peer->link.ssl && SSL_session_reused(peer->link.ssl)) totals.resumed++;
  if (peer->mqtt5)
    answer(peer, "\x20\x03\x00\x00\x00", 5);
  else
    answer(peer, "\x20\x02\x00\x00", 4);
  return true;
}

/* The packet as it came; only QoS 0 goes back unchanged. */
static void echo(sink_peer *peer, uint8_t first_byte, sink_cursor body) {
  uint8_t header[5] = {first_byte};
  size_t length = (size_t)(body.end - body.at), size = 1;
  for (size_t rest = length; size == 1 || rest; rest >>= 7)
    header[size++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  uint8_t *to = link_packet(&peer->link, &peer->out, size + length);
  if (!to) abort(); /* ANSWERS_MAX was free before we parsed */
  memcpy(to, header, size);
  memcpy(to + size, body.at, length);
}

static bool is_echo(const uint8_t *topic, uint32_t size) {
  return size == sizeof ECHO_TOPIC - 1 && !memcmp(topic, ECHO_TOPIC, size);
}

static bool handle_publish(sink_peer *peer, uint8_t first_byte,
                           sink_cursor body) {
  const sink_cursor whole = body;
  const uint8_t *topic;
  uint32_t size, id;
  unsigned qos = first_byte >> 1 & 3;
  if (!take_text(&body, &topic, &size)) return false;
  if (qos) {
    if (!take_number(&body, 2, &id)) return false;
    acknowledge(peer, qos == 1 ? PUBACK << 4 : PUBREC << 4, (uint16_t)id);
  }
  if (!qos && is_echo(topic, size)) echo(peer, first_byte, whole);
  peer->publishes++;
  totals.publishes++;
  if (peer->publishes == peer->expected / 2) report("halfway", peer);
  if (peer->publishes == peer->expected) report("counted", peer);
  return true;
}

static bool handle_acknowledgement(sink_peer *peer, unsigned type,
                                   sink_cursor body) {
  uint32_t id;
  if (!take_number(&body, 2, &id)) return false;
  if (type == PUBREL) {
    acknowledge(peer, PUBCOMP << 4, (uint16_t)id);
    return true;
  }
  if (!peer->stream || !stream_acknowledged(peer->stream, type, (uint16_t)id))
    return false;
  if (type == PUBREC) acknowledge(peer, PUBREL << 4 | 2, (uint16_t)id);
  if (stream_finished(peer->stream)) report("acknowledged", peer);
  return true;
}

static void start_stream(sink_peer *peer, const uint8_t *filter,
                         uint32_t size) {
  stream_free(peer->stream);
  peer->stream = stream_new(filter, size, peer->mqtt5, peer->receive_max);
}

/* Both have a filter list; a subscription's filters carry options. */
static bool handle_filters(sink_peer *peer, unsigned type, sink_cursor body) {
  uint8_t packet[256] = {(uint8_t)((type + 1) << 4)};
  uint8_t *to = packet + 2;
  uint32_t id, size, options = 0;
  const uint8_t *filter;
  sink_cursor properties;
  if (!take_number(&body, 2, &id)) return false;
  *to++ = (uint8_t)(id >> 8);
  *to++ = (uint8_t)id;
  if (peer->mqtt5) {
    if (!take_properties(&body, &properties)) return false;
    *to++ = 0;
  }
  while (body.at < body.end) {
    if (!take_text(&body, &filter, &size)) return false;
    if (type == SUBSCRIBE && !take_number(&body, 1, &options)) return false;
    if (to - packet > 120) return false;
    if (type == SUBSCRIBE || peer->mqtt5) *to++ = (uint8_t)(options & 3);
    if (type == SUBSCRIBE) start_stream(peer, filter, size);
  }
  packet[1] = (uint8_t)(to - packet - 2);
  answer(peer, packet, (size_t)(to - packet));
  return true;
}

/* After DISCONNECT nothing counts but the end. */
static void handle_disconnect(sink_peer *peer) {
  peer->finished = true;
  link_write(&peer->link, &peer->out);
  link_finish(&peer->link);
  bytes_take(&peer->out, bytes_filled(&peer->out));
}

static bool handle_packet(sink_peer *peer, uint8_t first_byte,
                          sink_cursor body) {
  unsigned type = first_byte >> 4;
  if (!peer->connected && type != CONNECT) return false;
  switch (type) {
    case CONNECT:
      return handle_connect(peer, body);
    case PUBLISH:
      return handle_publish(peer, first_byte, body);
    case PUBACK:
    case PUBREC:
    case PUBREL:
    case PUBCOMP:
      return handle_acknowledgement(peer, type, body);
    case SUBSCRIBE:
    case UNSUBSCRIBE:
      return handle_filters(peer, type, body);
    case PINGREQ:
      answer(peer, "\xd0\x00", 2);
      return true;
    case DISCONNECT:
      handle_disconnect(peer);
      return true;
    default:
      return false; /* what only a server may send */
  }
}

static bool complain(const sink_peer *peer, unsigned type) {
  printf("error %s packet type %u is malformed or out of place\n",
         peer->connected ? peer->client_id : "-", type);
  fflush(stdout);
  return false;
}

static bool handle_input(sink_peer *peer) {
  for (;;) {
    if (peer->finished) bytes_take(&peer->in, bytes_filled(&peer->in));
    const uint8_t *start = peer->in.data + peer->in.start;
    sink_cursor from = {start, peer->in.data + peer->in.end};
    if (from.at == from.end) return true;
    uint8_t first_byte = *from.at++;
    uint32_t length;
    int taken = take_length(&from, &length);
    if (taken < 0 || length > IN_MAX - 5)
      return complain(peer, first_byte >> 4);
    if (taken == 0 || from.end - from.at < (long)length) return true;
    if (!handle_packet(peer, first_byte,
                       (sink_cursor){from.at, from.at + length}))
      return complain(peer, first_byte >> 4);
    bytes_take(&peer->in, (size_t)(from.at - start) + length);
  }
}

static bool read_some(sink_peer *peer) {
  /* What OpenSSL has read ahead does not wake the poller: take all of it. */
  for (int round = 0; round < ROUNDS_MAX || peer->link.ssl; round++) {
    if (!peer_wants_to_read(peer)) return true;
    link_result result = link_read(&peer->link, &peer->in, &peer->out);
    if (result == LINK_WAIT) return true;
    if (result == LINK_CLOSED || !handle_input(peer)) return false;
  }
  return true;
}

static bool write_some(sink_peer *peer) {
  for (int round = 0; round < ROUNDS_MAX; round++) {
    if (peer->stream) stream_fill(peer->stream, &peer->link, &peer->out);
    if (bytes_filled(&peer->out) == 0) break;
    link_result result = link_write(&peer->link, &peer->out);
    peer->blocked = result == LINK_WAIT;
    if (result != LINK_OK) return result == LINK_WAIT;
  }
  return true;
}

bool peer_turn(sink_peer *peer) {
  return read_some(peer) && write_some(peer);
}

bool peer_wants_to_read(const sink_peer *peer) {
  return bytes_free_room(&peer->out) >= ANSWERS_MAX;
}

bool peer_wants_to_write(const sink_peer *peer) {
  return peer->blocked || (peer->stream && stream_has_more(peer->stream));
}
