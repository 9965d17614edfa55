/* What the machine lets through, without a client: one thread that never sleeps
 * writes packets that were made before, counts what comes, and answers it. What
 * it is told of topics and payloads, it believes; nobody is handed anything. It
 * is no rival but the bound of each row. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <sys/socket.h>

#include "case.h"
#include "sink/link.h"

enum {
  CONNACK = 2,
  PUBLISH = 3,
  PUBACK = 4,
  PUBREC = 5,
  PUBREL = 6,
  PUBCOMP = 7,
  SUBACK = 9,
};

/* What may be in flight of QoS 2 if nothing is said, as midge has it. */
enum { DEFAULT_WINDOW = 19 };

/* Answers to a full `in` fit behind what was not written yet. */
enum { IN_MAX = 256 * 1024, OUT_MAX = 2 * 1024 * 1024, FILL_MAX = 256 * 1024 };

/* More of it is copied cold where the congestion control is BBR, as midge has
 * found: docs/performance.md, "Large payloads". */
enum { SEND_BUFFER = 256 * 1024 };

typedef struct wire {
  bench_case bench;
  sink_link link;
  sink_bytes in, out;
  uint8_t *packet; /* one PUBLISH, whole but for its identifier */
  size_t packet_size, id_at;
  uint64_t in_flight, window;
  uint16_t id; /* of the last message: as they end in turn, it is free again */
} wire;

static uint8_t *room(wire *self, size_t size) {
  uint8_t *to = link_packet(&self->link, &self->out, size);
  if (!to) bench_fail("no room", (int)size);
  return to;
}

static void put(wire *self, const void *packet, size_t size) {
  memcpy(room(self, size), packet, size);
}

/* --- Packets --- */

static uint8_t *put_text(uint8_t *to, const char *text) {
  size_t size = strlen(text);
  *to++ = (uint8_t)(size >> 8);
  *to++ = (uint8_t)size;
  memcpy(to, text, size);
  return to + size;
}

static void connect_packet(wire *self) {
  uint8_t packet[128] = {0x10}, *to;
  to = bytes_put_length(packet + 1, 10 + 2 + strlen(self->bench.client_id));
  to = put_text(to, "MQTT");
  memcpy(to, (uint8_t[]){4, 2, 0, 0}, 4); /* level, clean, no keep-alive */
  to = put_text(to + 4, self->bench.client_id);
  put(self, packet, (size_t)(to - packet));
}

static void subscribe_packet(wire *self) {
  uint8_t packet[128] = {0x82}, *to;
  to = bytes_put_length(packet + 1, 2 + 2 + strlen(self->bench.topic) + 1);
  *to++ = 0;
  *to++ = 1;
  to = put_text(to, self->bench.topic);
  *to++ = (uint8_t)self->bench.qos;
  put(self, packet, (size_t)(to - packet));
}

static void make_publish(wire *self) {
  const bench_case *bench = &self->bench;
  size_t id_size = bench->qos > 0 ? 2 : 0;
  size_t length = 2 + strlen(bench->topic) + id_size + bench->size;
  uint8_t *to = self->packet = malloc(length + 5);
  if (!to) bench_fail("no memory", 0);
  *to++ = (uint8_t)(0x30 | bench->qos << 1);
  to = put_text(bytes_put_length(to, length), bench->topic);
  self->id_at = (size_t)(to - self->packet);
  memcpy(to + id_size, bench->payload, bench->size);
  self->packet_size = self->id_at + id_size + bench->size;
}

/* --- Publishing --- */

static void publish_one(wire *self) {
  uint8_t *to = room(self, self->packet_size);
  memcpy(to, self->packet, self->packet_size);
  self->bench.sent++;
  if (self->bench.qos == 0) return;
  if (++self->id == 0) self->id = 1;
  to[self->id_at] = (uint8_t)(self->id >> 8);
  to[self->id_at + 1] = (uint8_t)self->id;
  self->in_flight++;
}

static void fill(wire *self) {
  const bench_case *bench = &self->bench;
  if (!bench->connected || !bench_does(bench, "publish")) return;
  while (bench->sent < bench->total && bytes_filled(&self->out) < FILL_MAX &&
         (bench->qos == 0 || self->in_flight < self->window))
    publish_one(self);
}

/* --- What comes --- */

static void answer(wire *self, uint8_t first, const uint8_t *id) {
  put(self, (uint8_t[]){first, 2, id[0], id[1]}, 4);
}

static void take_message(wire *self, uint8_t first, const uint8_t *body,
                         size_t length) {
  size_t topic = (size_t)body[0] << 8 | body[1];
  unsigned qos = first >> 1 & 3;
  const uint8_t *id = body + 2 + topic;
  if (qos > 0) answer(self, qos == 1 ? 0x40 : 0x50, id);
  bench_receive(&self->bench, length - 2 - topic - (qos > 0 ? 2 : 0));
}

static void take_packet(wire *self, uint8_t first, const uint8_t *body,
                        size_t length) {
  switch (first >> 4) {
    case CONNACK:
      self->bench.connected = true;
      if (bench_does(&self->bench, "receive")) subscribe_packet(self);
      break;
    case PUBLISH:
      take_message(self, first, body, length);
      break;
    case PUBREC:
      answer(self, 0x62, body);
      break;
    case PUBREL:
      answer(self, 0x70, body);
      break;
    case PUBACK:
    case PUBCOMP:
      self->in_flight--;
      bench_finish_one(&self->bench);
      break;
    case SUBACK:
      break;
    default:
      bench_fail("not a packet for a client", first);
  }
}

/* True: one was taken; false: it is not there to its end. */
static bool take_one(wire *self) {
  const uint8_t *at = self->in.data + self->in.start;
  size_t filled = bytes_filled(&self->in), length = 0, size = 1;
  do {
    if (size == filled || filled == 0) return false;
    length |= (size_t)(at[size] & 0x7f) << (7 * (size - 1));
  } while (at[size++] & 0x80);
  if (filled - size < length) return false;
  take_packet(self, at[0], at + size, length);
  bytes_take(&self->in, size + length);
  return true;
}

static void take_all(wire *self) {
  while (bytes_free_room(&self->out) > FILL_MAX && take_one(self)) continue;
}

/* --- The connection --- */

/* Who the server is does not matter here. Null without TLS. */
static SSL_CTX *tls_of(const bench_case *bench) {
  if (strcmp(bench->scheme, "mqtts")) return NULL;
  SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
  if (!tls) bench_fail("no TLS", 0);
  SSL_CTX_set_mode(
      tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(tls, 1);
  SSL_CTX_set_default_read_buffer_len(tls, IN_MAX / 2);
  return tls;
}

static int connect_socket(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address))
    bench_fail("cannot connect", port);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){SEND_BUFFER}, sizeof(int));
  return fd;
}

static void open_link(wire *self) {
  int fd = connect_socket(self->bench.port);
  SSL_CTX *tls = tls_of(&self->bench);
  if (!link_open(&self->link, fd, tls, false)) bench_fail("no link", 0);
  if (tls) {
    SSL_set_connect_state(self->link.ssl);
    if (SSL_do_handshake(self->link.ssl) != 1) bench_fail("no TLS", 0);
  }
  fcntl(fd, F_SETFL, O_NONBLOCK);
}

int main(int argc, char **argv) {
  wire self = {.bench = bench_read(argc, argv)};
  self.window = self.bench.limit ? self.bench.window : DEFAULT_WINDOW;
  if (!bytes_init(&self.in, IN_MAX) || !bytes_init(&self.out, OUT_MAX))
    bench_fail("no memory", 0);
  open_link(&self);
  make_publish(&self);
  connect_packet(&self);
  for (;;) {
    link_result got = bytes_free_room(&self.in) == 0
                          ? LINK_OK
                          : link_read(&self.link, &self.in, &self.out);
    take_all(&self);
    fill(&self);
    if (got == LINK_CLOSED || link_write(&self.link, &self.out) == LINK_CLOSED)
      bench_fail("the connection is lost", 0);
    if (got == LINK_WAIT) sched_yield();
  }
}
