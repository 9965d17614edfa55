#include "broker.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PEERS_MAX = 512, INPUT_MAX = 256 * 1024, TICK_MS = 5 };

typedef struct peer {
  int socket; /* -1: free */
  midge_version version;
  bool greeted;
  size_t published;
  uint8_t *in;
  size_t in_size;
  uint8_t *out;
  size_t out_size, out_room;
} peer;

struct broker {
  broker_options options;
  int listener;
  uint16_t port;
  pthread_t thread;
  atomic_bool stopping, dropping;
  atomic_size_t connections, goodbyes, pings, sent;
  pthread_mutex_t mutex;
  unsigned long *numbers;
  size_t count, room;
  peer peers[PEERS_MAX];
};

static void append(peer *p, const void *bytes, size_t size) {
  if (p->out_size + size > p->out_room) {
    p->out_room = (p->out_size + size) * 2;
    p->out = realloc(p->out, p->out_room);
    assert(p->out != NULL);
  }
  memcpy(p->out + p->out_size, bytes, size);
  p->out_size += size;
}

static void answer(peer *p, const midge_packet *packet) {
  size_t size = midge_packet_size(p->version, packet);
  uint8_t *bytes = malloc(size);
  assert(bytes != NULL);
  midge_packet_encode(p->version, packet, bytes);
  append(p, bytes, size);
  free(bytes);
}

static void drop(peer *p) {
  close(p->socket);
  p->socket = -1;
  p->out_size = p->in_size = 0;
}

static void flush(broker *b, peer *p) {
  if (p->socket < 0 || p->out_size == 0) return;
  ssize_t size =
      send(p->socket, p->out, p->out_size, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (size <= 0) return;
  atomic_fetch_add(&b->sent, (size_t)size);
  p->out_size -= (size_t)size;
  memmove(p->out, p->out + size, p->out_size);
}

static void note(broker *b, midge_slice payload) {
  char text[32] = "";
  memcpy(text, payload.data, payload.size < 31 ? payload.size : 31);
  pthread_mutex_lock(&b->mutex);
  if (b->count == b->room) {
    b->room = b->room != 0 ? b->room * 2 : 64;
    b->numbers = realloc(b->numbers, b->room * sizeof *b->numbers);
    assert(b->numbers != NULL);
  }
  b->numbers[b->count++] = strtoul(text, NULL, 10);
  pthread_mutex_unlock(&b->mutex);
}

/* Another server is to be used: this one, under another name. */
static void refer(broker *b, midge_packet *connack) {
  static uint8_t reference[32];
  int size = snprintf((char *)reference + 3, sizeof reference - 3,
                      "localhost:%u", b->port);
  reference[0] = 0x1c;
  reference[1] = 0;
  reference[2] = (uint8_t)size;
  connack->connack.reason = MIDGE_REASON_USE_ANOTHER_SERVER;
  connack->properties = (midge_slice){reference, 3 + (size_t)size};
}

static void on_connect(broker *b, peer *p, const midge_packet *packet) {
  atomic_fetch_add(&b->connections, 1);
  p->version = packet->connect.version;
  p->greeted = true;
  midge_packet connack = {.type = MIDGE_CONNACK};
  connack.connack.reason = b->options.refuse;
  if (b->options.old && p->version == MIDGE_MQTT_5)
    connack.connack.reason = MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION;
  static const uint8_t assigned[] = {0x12, 0, 1, 'x'};
  if (b->options.refers && atomic_load(&b->connections) == 1)
    refer(b, &connack);
  else if (packet->connect.version == MIDGE_MQTT_5 &&
           packet->connect.client_id.size == 0)
    connack.properties = (midge_slice){assigned, sizeof assigned};
  answer(p, &connack);
  flush(b, p);
  if (connack.connack.reason != 0 || b->options.goodbye_at_once) drop(p);
}

static void on_publish(broker *b, peer *p, const midge_packet *packet) {
  if (b->options.drop_after != 0 && ++p->published > b->options.drop_after) {
    drop(p);
    return;
  }
  note(b, packet->publish.payload);
  midge_packet ack = {.type = MIDGE_PUBACK};
  if (packet->publish.qos == MIDGE_EXACTLY_ONCE) ack.type = MIDGE_PUBREC;
  ack.ack.packet_id = packet->publish.packet_id;
  if (packet->publish.qos != MIDGE_AT_MOST_ONCE) answer(p, &ack);
  if (!b->options.echo) return;
  midge_packet echo = {.type = MIDGE_PUBLISH};
  echo.publish.topic = packet->publish.topic;
  echo.publish.payload = packet->publish.payload;
  answer(p, &echo);
}

static void flood(broker *b, peer *p) {
  uint8_t payload[1000] = {0};
  midge_packet message = {.type = MIDGE_PUBLISH};
  message.publish.topic = MIDGE_TEXT("flood");
  message.publish.payload = (midge_slice){payload, sizeof payload};
  for (size_t i = 0; i < b->options.flood; i++) {
    snprintf((char *)payload, sizeof payload, "%zu", i);
    answer(p, &message);
  }
}

static void on_subscribe(broker *b, peer *p, const midge_packet *packet) {
  uint8_t reasons[64] = {0};
  midge_slice rest = packet->subscribe.filters;
  midge_packet_filter filter;
  midge_packet suback = {.type = MIDGE_SUBACK};
  suback.suback.packet_id = packet->subscribe.packet_id;
  suback.suback.reasons.data = reasons;
  while (midge_filter_next(&rest, MIDGE_SUBSCRIBE, &filter))
    reasons[suback.suback.reasons.size++] = filter.options & 3;
  answer(p, &suback);
  flood(b, p);
}

static void on_unsubscribe(peer *p, const midge_packet *packet) {
  static uint8_t reasons[64]; /* success, for each */
  midge_slice rest = packet->unsubscribe.filters;
  midge_packet_filter filter;
  midge_packet unsuback = {.type = MIDGE_UNSUBACK};
  unsuback.unsuback.packet_id = packet->unsubscribe.packet_id;
  unsuback.unsuback.reasons.data = reasons;
  while (p->version == MIDGE_MQTT_5 &&
         midge_filter_next(&rest, MIDGE_UNSUBSCRIBE, &filter))
    unsuback.unsuback.reasons.size++;
  answer(p, &unsuback);
}

static void on_packet(broker *b, peer *p, const midge_packet *packet) {
  midge_packet reply = {.type = MIDGE_PINGRESP};
  switch (packet->type) {
    case MIDGE_CONNECT:
      on_connect(b, p, packet);
      break;
    case MIDGE_PUBLISH:
      on_publish(b, p, packet);
      break;
    case MIDGE_PUBREL:
      reply.type = MIDGE_PUBCOMP;
      reply.ack.packet_id = packet->ack.packet_id;
      answer(p, &reply);
      break;
    case MIDGE_SUBSCRIBE:
      on_subscribe(b, p, packet);
      break;
    case MIDGE_UNSUBSCRIBE:
      on_unsubscribe(p, packet);
      break;
    case MIDGE_PINGREQ:
      atomic_fetch_add(&b->pings, 1);
      answer(p, &reply);
      break;
    case MIDGE_DISCONNECT:
      atomic_fetch_add(&b->goodbyes, 1);
      drop(p);
      break;
    default:
      break;
  }
}

/* CONNECT says which version the others are of. */
static void parse(broker *b, peer *p) {
  size_t at = 0;
  while (p->socket >= 0) {
    midge_packet packet;
    midge_decode_options options = {.version = p->version};
    midge_slice rest = {p->in + at, p->in_size - at};
    midge_decode_result result = midge_packet_decode(&options, rest, &packet);
    if (result.outcome == MIDGE_REFUSED) {
      fprintf(stderr, "broker: %s\n", result.text);
      drop(p);
      return;
    }
    if (result.outcome == MIDGE_NEED_MORE) break;
    on_packet(b, p, &packet);
    at += result.size;
  }
  if (p->socket < 0) return;
  p->in_size -= at;
  memmove(p->in, p->in + at, p->in_size);
}

static void on_readable(broker *b, peer *p) {
  ssize_t size =
      recv(p->socket, p->in + p->in_size, INPUT_MAX - p->in_size, MSG_DONTWAIT);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) {
    drop(p);
    return;
  }
  if (b->options.mute) return;
  p->in_size += (size_t)size;
  parse(b, p);
}

static void on_acceptable(broker *b) {
  int socket = accept(b->listener, NULL, NULL);
  if (socket < 0) return;
  for (size_t i = 0; i < PEERS_MAX; i++) {
    peer *p = &b->peers[i];
    if (p->socket >= 0) continue;
    if (p->in == NULL) p->in = malloc(INPUT_MAX);
    assert(p->in != NULL);
    p->socket = socket;
    p->greeted = false;
    p->published = 0;
    return;
  }
  close(socket);
}

static void serve(broker *b, const struct pollfd *polled, const size_t *which,
                  size_t count) {
  if (polled[0].revents != 0) on_acceptable(b);
  for (size_t i = 1; i < count; i++) {
    peer *p = &b->peers[which[i]];
    if (polled[i].revents & (POLLIN | POLLHUP | POLLERR)) on_readable(b, p);
    flush(b, p);
  }
}

static void *run(void *context) {
  broker *b = context;
  struct pollfd polled[PEERS_MAX + 1];
  size_t which[PEERS_MAX + 1];
  while (!atomic_load(&b->stopping)) {
    size_t count = 1;
    polled[0] = (struct pollfd){.fd = b->listener, .events = POLLIN};
    for (size_t i = 0; i < PEERS_MAX; i++) {
      peer *p = &b->peers[i];
      if (p->socket < 0) continue;
      bool deaf = b->options.deaf_after_connack && p->greeted;
      short events = deaf ? 0 : POLLIN;
      if (p->out_size != 0) events |= POLLOUT;
      which[count] = i;
      polled[count++] = (struct pollfd){.fd = p->socket, .events = events};
    }
    poll(polled, (nfds_t)count, TICK_MS);
    serve(b, polled, which, count);
    if (!atomic_exchange(&b->dropping, false)) continue;
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (size_t i = 0; i < PEERS_MAX; i++) {
      peer *p = &b->peers[i];
      if (p->socket < 0) continue;
      if (b->options.resets)
        setsockopt(p->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      drop(p);
    }
  }
  return NULL;
}

static int bind_listener(broker *b) {
  const broker_options *options = &b->options;
  struct sockaddr_un un = {.sun_family = AF_UNIX};
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6,
                             .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (options->path != NULL) {
    snprintf(un.sun_path, sizeof un.sun_path, "%s", options->path);
    unlink(options->path);
    return bind(b->listener, (struct sockaddr *)&un, sizeof un);
  }
  struct sockaddr *address = (struct sockaddr *)&in;
  socklen_t size = sizeof in;
  if (options->ipv6) {
    address = (struct sockaddr *)&in6;
    size = sizeof in6;
  }
  if (bind(b->listener, address, size) != 0) return -1;
  getsockname(b->listener, address, &size);
  b->port = ntohs(options->ipv6 ? in6.sin6_port : in.sin_port);
  return 0;
}

broker *broker_start(const broker_options *options) {
  broker *b = calloc(1, sizeof *b);
  assert(b != NULL);
  b->options = *options;
  int family = options->path != NULL ? AF_UNIX
               : options->ipv6       ? AF_INET6
                                     : AF_INET;
  for (size_t i = 0; i < PEERS_MAX; i++) b->peers[i].socket = -1;
  b->listener = socket(family, SOCK_STREAM, 0);
  if (b->listener < 0 || bind_listener(b) != 0 ||
      listen(b->listener, PEERS_MAX) != 0) {
    close(b->listener);
    free(b);
    return NULL;
  }
  fcntl(b->listener, F_SETFL, O_NONBLOCK);
  pthread_mutex_init(&b->mutex, NULL);
  pthread_create(&b->thread, NULL, run, b);
  return b;
}

void broker_stop(broker *b) {
  atomic_store(&b->stopping, true);
  pthread_join(b->thread, NULL);
  for (size_t i = 0; i < PEERS_MAX; i++) {
    if (b->peers[i].socket >= 0) close(b->peers[i].socket);
    free(b->peers[i].in);
    free(b->peers[i].out);
  }
  close(b->listener);
  if (b->options.path != NULL) unlink(b->options.path);
  pthread_mutex_destroy(&b->mutex);
  free(b->numbers);
  free(b);
}

uint16_t broker_port(const broker *b) {
  return b->port;
}
void broker_drop(broker *b) {
  atomic_store(&b->dropping, true);
}
size_t broker_connections(broker *b) {
  return atomic_load(&b->connections);
}
size_t broker_pings(broker *b) {
  return atomic_load(&b->pings);
}
size_t broker_goodbyes(broker *b) {
  return atomic_load(&b->goodbyes);
}
size_t broker_sent(broker *b) {
  return atomic_load(&b->sent);
}

size_t broker_count(broker *b) {
  pthread_mutex_lock(&b->mutex);
  size_t count = b->count;
  pthread_mutex_unlock(&b->mutex);
  return count;
}

bool broker_expect(broker *b, size_t count) {
  for (int i = 0; i < 6000 && broker_count(b) < count; i++) usleep(10000);
  return broker_count(b) == count;
}

unsigned long broker_number(broker *b, size_t index) {
  pthread_mutex_lock(&b->mutex);
  assert(index < b->count);
  unsigned long number = b->numbers[index];
  pthread_mutex_unlock(&b->mutex);
  return number;
}
