#include "life.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "strike.h"

enum {
  TICK_MS = 5,
  SOFT_MS = 300,   /* for what may never come */
  HANG_MS = 40000, /* for what must */
  PAUSE_MS = 20,
  LARGE = 200000,
  IN_BUNDLE = 3,
};

/* The calling thread is midge's for the time of one call. */
#define IN_MIDGE(call)   \
  do {                   \
    strike_spare(false); \
    call;                \
    strike_spare(true);  \
  } while (0)

static void wrong(const life *l, const char *format, ...) {
  va_list rest;
  char text[300];
  va_start(rest, format);
  vsnprintf(text, sizeof text, format, rest);
  va_end(rest);
  fprintf(stderr, "%s (opened %u times, last closed: %s; without an end:", text,
          l->opened, l->why);
  for (unsigned i = 1; i <= l->count; i++)
    if (l->wishes[i].is_taken && l->wishes[i].ends == 0)
      fprintf(stderr, " %u", i);
  fprintf(stderr, ")\n");
  _exit(1);
}

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- A transport by hand --- */

static void dial_by_hand(life *l, uint32_t attempt) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons(broker_port(l->broker)),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  midge_status status;
  if (l->socket >= 0) close(l->socket);
  l->socket = socket(AF_INET, SOCK_STREAM, 0);
  l->attempt = attempt;
  if (connect(l->socket, (struct sockaddr *)&to, sizeof to) != 0)
    wrong(l, "the test's own connection: %s", strerror(errno));
  do IN_MIDGE(status = midge_client_dialed(l->client, attempt));
  while (status == MIDGE_ENOMEM);
}

static void carry_out(life *l, const midge_event *event) {
  midge_slice bytes = event->transport.bytes;
  midge_status status;
  if (event->transport.want == MIDGE_WANT_DIAL) dial_by_hand(l, event->attempt);
  if (event->attempt != l->attempt) return;
  if (event->transport.want == MIDGE_WANT_SHUT) shutdown(l->socket, SHUT_WR);
  if (event->transport.want != MIDGE_WANT_WRITE) return;
  while (bytes.size != 0) {
    ssize_t size = send(l->socket, bytes.data, bytes.size, MSG_NOSIGNAL);
    if (size <= 0) return;
    bytes.data += size;
    bytes.size -= (size_t)size;
  }
  size_t size = event->transport.bytes.size;
  do IN_MIDGE(status = midge_client_written(l->client, l->attempt, size));
  while (status == MIDGE_ENOMEM);
}

static void carry_in(life *l) {
  uint8_t bytes[4096];
  midge_status status;
  if (l->socket < 0 || l->client == NULL) return;
  ssize_t size = recv(l->socket, bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  midge_slice came = {bytes, size > 0 ? (size_t)size : 0};
  do {
    if (size > 0)
      IN_MIDGE(status = midge_client_received(l->client, l->attempt, came));
    else
      IN_MIDGE(status = midge_client_ended(l->client, l->attempt));
  } while (status == MIDGE_ENOMEM);
  if (size > 0) return;
  close(l->socket);
  l->socket = -1;
}

/* --- Events --- */

static wish *wish_of(life *l, uint64_t token) {
  if (token == 0 || token > l->count)
    wrong(l, "a token nobody gave: %llu", (unsigned long long)token);
  return &l->wishes[token];
}

static void on_done(life *l, const midge_event *event) {
  for (uint32_t i = 0; i < event->done.count; i++) {
    unsigned t = (unsigned)event->done.token + i;
    wish *w = wish_of(l, t);
    if (!w->is_taken && !w->is_past) wrong(l, "%u was refused, and ended", t);
    if (++w->ends > 1) wrong(l, "%u ended twice", t);
    w->status = event->done.status;
    w->is_acknowledged |= w->status == MIDGE_OK;
    w->is_owed = w->is_stored && event->done.status == MIDGE_ECLOSED;
    if (w->is_stored && !w->is_owed && w->status != MIDGE_OK &&
        w->status != MIDGE_ECANCELLED)
      wrong(l, "what was stored ends: %s", midge_status_text(w->status));
  }
}

static delivery *delivery_of(life *l, uint64_t key) {
  for (size_t i = 0; i < l->delivery_count; i++)
    if (l->deliveries[i].key == key) return &l->deliveries[i];
  if (l->delivery_count == DELIVERIES_MAX) wrong(l, "too many messages");
  delivery *d = &l->deliveries[l->delivery_count++];
  *d = (delivery){.key = key};
  return d;
}

static void on_message(life *l, const midge_event *event) {
  midge_status status;
  l->messages++;
  if (event->message.packet_id == 0 || l->client == NULL) return;
  if (event->message.delivery == 0) {
    IN_MIDGE(
        (void)!midge_client_acknowledge(l->client, event->message.packet_id, 0,
                                        event->message.qos, event->attempt));
    return;
  }
  delivery *d = delivery_of(l, event->message.delivery);
  d->is_owed = false;
  if (l->holds) return;
  IN_MIDGE(status = midge_client_acknowledge_delivery(l->client, d->key));
  d->is_acknowledged |= status == MIDGE_OK;
}

static void on_closed(life *l, const midge_event *event) {
  l->is_final = event->closed.retry_ms == MIDGE_NEVER;
  snprintf(l->why, sizeof l->why, "%d %.*s", event->closed.status,
           (int)event->closed.text.size, (const char *)event->closed.text.data);
}

static void on_event(life *l, const midge_event *event) {
  switch (event->type) {
    case MIDGE_EVENT_OPENED:
      l->opened++;
      break;
    case MIDGE_EVENT_MESSAGE:
      on_message(l, event);
      break;
    case MIDGE_EVENT_DONE:
      on_done(l, event);
      break;
    case MIDGE_EVENT_STORED:
      wish_of(l, event->stored.token)->is_stored = true;
      break;
    case MIDGE_EVENT_RESTORED:
      if (event->restored.damaged != 0) wrong(l, "a record is damaged");
      break;
    case MIDGE_EVENT_CLOSED:
      on_closed(l, event);
      break;
    case MIDGE_EVENT_ENDED:
      l->has_ended = true;
      break;
    case MIDGE_EVENT_TRANSPORT:
      if (l->client != NULL) carry_out(l, event);
      break;
    default:
      break;
  }
}

/* --- Waiting --- */

typedef bool condition(const life *l);

/* Until it is so; false if it is soft and was not. */
static bool wait_until(life *l, condition *is_so, const char *what, bool soft) {
  uint64_t begun = now_ms();
  midge_event event;
  bool any;
  while (!is_so(l)) {
    carry_in(l);
    IN_MIDGE(any = midge_reactor_wait(l->reactor, &event, TICK_MS));
    if (any) on_event(l, &event);
    uint64_t waited = now_ms() - begun;
    if (soft && waited >= SOFT_MS) return false;
    if (waited >= HANG_MS) wrong(l, "waits for ever until %s", what);
  }
  return true;
}

static bool is_open(const life *l) {
  return l->opened != 0 || l->is_final;
}
static bool is_final(const life *l) {
  return l->is_final;
}
static bool has_ended(const life *l) {
  return l->has_ended;
}
static bool has_messages(const life *l) {
  return l->messages != 0;
}

static bool has_arrived(const life *l, unsigned number) {
  if (l->broker == NULL) return false;
  size_t count = broker_count(l->broker);
  for (size_t i = 0; i < count; i++)
    if (broker_number(l->broker, i) == number) return true;
  return false;
}

/* The event that told of an end may have gone with the reactor of then. */
static bool all_done(const life *l) {
  for (unsigned i = 1; i <= l->count; i++)
    if (l->wishes[i].is_taken && l->wishes[i].ends == 0 &&
        !(l->wishes[i].is_owed && has_arrived(l, i)))
      return false;
  return true;
}

/* What nobody was done with has been told again. */
static bool all_told(const life *l) {
  for (size_t i = 0; i < l->delivery_count; i++)
    if (l->deliveries[i].is_owed) return false;
  return true;
}

static bool all_stored(const life *l) {
  for (unsigned i = 1; i <= l->count; i++) {
    const wish *w = &l->wishes[i];
    if (w->qos > 0 && w->is_taken && !w->is_stored && w->ends == 0)
      return false;
  }
  return true;
}

static bool is_settled(const life *l) {
  return all_done(l) || l->is_final;
}

/* --- Beginning and ending --- */

/* When a call failed that the rest needs: without failures it must not. */
static void heal(life *l, midge_status status, const char *what) {
  if (strike_count() == 0) wrong(l, "%s: %s", what, midge_status_text(status));
  strike_end();
}

static void open_client(life *l) {
  midge_status status;
  char why[256];
  for (int i = 0; i < 2; i++) {
    IN_MIDGE(status = midge_client_open(&l->client, l->reactor, &l->options,
                                        why, sizeof why));
    if (status == MIDGE_OK) return;
    heal(l, status, "open");
  }
  wrong(l, "cannot be opened any more: %s", why);
}

static void begin(life *l) {
  midge_status status;
  for (int i = 0; i < 2; i++) {
    IN_MIDGE(status =
                 midge_reactor_start(&l->reactor, &(midge_reactor_options){0}));
    if (status == MIDGE_OK) break;
    heal(l, status, "start");
  }
  if (status != MIDGE_OK) wrong(l, "cannot be started any more");
  l->is_wanted = l->has_ended = l->is_final = false;
  l->opened = l->messages = 0;
  open_client(l);
}

/* What was stored and has no outcome is owed by the next life. What has one may
 * come back too, in any life that follows, if the store could not be told; but
 * nobody waits for it. */
static void stop(life *l) {
  IN_MIDGE(midge_reactor_stop(l->reactor));
  if (l->socket >= 0) close(l->socket);
  l->socket = -1;
  l->reactor = NULL; /* else what leaks could be reached */
  l->client = NULL;
  for (unsigned i = 1; i <= l->count; i++) {
    wish *w = &l->wishes[i];
    /* Of QoS 0 what was on its way is lost. */
    if (w->is_taken && w->ends == 0)
      w->is_owed = w->is_stored && !w->is_cancelled && w->qos > 0;
    w->is_past |= w->is_taken;
    w->is_taken = w->is_owed;
    w->ends = 0;
  }
  for (size_t i = 0; i < l->delivery_count; i++)
    l->deliveries[i].is_owed = !l->deliveries[i].is_acknowledged;
  l->holds = false;
}

static void connect_client(life *l) {
  midge_status status;
  l->is_final = false;
  l->opened = 0;
  IN_MIDGE(status = midge_client_connect(l->client));
  if (status == MIDGE_OK) return;
  heal(l, status, "connect");
  IN_MIDGE(status = midge_client_connect(l->client));
  if (status != MIDGE_OK) wrong(l, "connect: %s", midge_status_text(status));
}

static void await_open(life *l) {
  wait_until(l, is_open, "it is open", false);
  if (l->is_final) wrong(l, "gave up");
}

static void disconnect(life *l, bool force) {
  midge_status status;
  IN_MIDGE(status = midge_client_disconnect(
               l->client, 0, (midge_properties){NULL, 0}, force));
  if (status == MIDGE_ENOCONN) return;
  if (status != MIDGE_OK) {
    heal(l, status, "disconnect");
    IN_MIDGE(status = midge_client_disconnect(
                 l->client, 0, (midge_properties){NULL, 0}, force));
    if (status != MIDGE_OK) wrong(l, "cannot be disconnected");
  }
  wait_until(l, is_final, "it is disconnected", false);
}

static void close_client(life *l) {
  IN_MIDGE(midge_client_close(l->client));
  l->client = NULL; /* it must not be used any more */
  wait_until(l, has_ended, "it has ended", false);
  if (!all_done(l)) wrong(l, "a wish has no outcome at the end");
}

/* --- Wishes --- */

static midge_slice text_of(const char *text) {
  return (midge_slice){(const uint8_t *)text, strlen(text)};
}

static wish *new_wish(life *l, unsigned count) {
  if (l->count + count > WISHES_MAX) wrong(l, "the script is too long");
  wish *first = &l->wishes[l->count + 1];
  l->count += count;
  return first;
}

static void publish(life *l, midge_qos qos, bool large) {
  static uint8_t bytes[LARGE];
  wish *w = new_wish(l, 1);
  midge_status status;
  int size = snprintf((char *)bytes, sizeof bytes, "%u", l->count);
  midge_publish wanted = {
      .topic = text_of(l->topic),
      .payload = {bytes, large ? sizeof bytes : (size_t)size},
      .qos = qos,
  };
  w->qos = qos;
  w->is_taken = true;
  IN_MIDGE(status = midge_client_publish(l->client, &wanted, l->count));
  w->is_taken = status == MIDGE_OK;
}

/* Each record: no flags, sizes with the low byte first, topic and payload. */
static void publish_bundle(life *l) {
  uint8_t bytes[256];
  size_t size = 0, topic_size = strlen(l->topic);
  midge_status status;
  wish *first = new_wish(l, IN_BUNDLE);
  unsigned token = l->count - IN_BUNDLE + 1;
  for (unsigned i = 0; i < IN_BUNDLE; i++) {
    const uint8_t head[] = {0, 2, 0, (uint8_t)topic_size, 0};
    memcpy(bytes + size, head, sizeof head);
    memcpy(bytes + size + sizeof head, l->topic, topic_size);
    size += sizeof head + topic_size;
    memcpy(bytes + size, "on", 2);
    size += 2;
    first[i].is_taken = true;
  }
  const midge_bundle bundle = {.records = {bytes, size}, .count = IN_BUNDLE};
  IN_MIDGE(status = midge_client_publish_bundle(l->client, &bundle, token));
  for (unsigned i = 0; i < IN_BUNDLE; i++)
    first[i].is_taken = status == MIDGE_OK;
}

static void ask_subscription(life *l, bool on) {
  wish *w = new_wish(l, 1);
  midge_status status;
  midge_request_options none = {0};
  midge_subscription one = {.filter = text_of(l->topic), .qos = 2};
  w->is_taken = true;
  if (on)
    IN_MIDGE(status =
                 midge_client_subscribe(l->client, &one, 1, none, l->count));
  else
    IN_MIDGE(status = midge_client_unsubscribe(l->client, &one.filter, 1, none,
                                               l->count));
  w->is_taken = status == MIDGE_OK;
}

/* Whether it was in time is told by its outcome, if there is a chance to. */
static void cancel(life *l) {
  midge_status status;
  IN_MIDGE(status = midge_client_cancel(l->client, l->count));
  l->wishes[l->count].is_cancelled = status == MIDGE_OK;
}

static void set_will(life *l) {
  midge_publish will = {.topic = text_of(l->topic), .payload = text_of("will")};
  IN_MIDGE((void)!midge_client_set_will(l->client, &will));
}

static void step(life *l, char letter) {
  switch (letter) {
    case 'c':
      connect_client(l);
      break;
    case 'o':
      connect_client(l);
      await_open(l);
      break;
    case '0':
    case '1':
    case '2':
      publish(l, (midge_qos)(letter - '0'), false);
      break;
    case 'L':
      publish(l, 1, true);
      break;
    case 'B':
      publish_bundle(l);
      break;
    case 's':
      ask_subscription(l, true);
      break;
    case 'u':
      ask_subscription(l, false);
      break;
    case 'W':
      set_will(l);
      break;
    case 'w':
      wait_until(l, is_settled, "all has ended", false);
      break;
    case 't':
      wait_until(l, all_stored, "all is stored", false);
      break;
    case 'm':
      wait_until(l, has_messages, "messages came", true);
      break;
    case 'n':
      l->holds = true;
      break;
    case 'k':
      IN_MIDGE((void)!midge_client_reconnect(l->client));
      break;
    case 'p':
      usleep(PAUSE_MS * 1000);
      break;
    case 'C':
      cancel(l);
      break;
    case 'D':
      broker_drop(l->broker);
      break;
    case 'd':
      disconnect(l, false);
      break;
    case 'f':
      disconnect(l, true);
      break;
    case 'x':
      close_client(l);
      break;
    case '|':
      stop(l);
      begin(l);
      break;
    default:
      wrong(l, "no such step: %c", letter);
  }
}

/* --- The account at the end --- */

static void check_arrived(const life *l) {
  for (unsigned i = 1; l->broker != NULL && i <= l->count; i++) {
    const wish *w = &l->wishes[i];
    if (w->qos == 0 || !w->is_acknowledged) continue;
    if (!has_arrived(l, i)) wrong(l, "%u was acknowledged and never came", i);
  }
}

/* Without failures what was stored arrives in one more life. */
static void pay_debts(life *l) {
  strike_end();
  begin(l);
  connect_client(l);
  await_open(l);
  wait_until(l, all_done, "what was stored has its outcome", false);
  wait_until(l, all_told, "what is in the inbox is told again", false);
  for (unsigned i = 1; i <= l->count; i++)
    if (l->wishes[i].is_owed && l->wishes[i].status != MIDGE_OK &&
        !has_arrived(l, i))
      wrong(l, "%u was stored and is lost", i);
  close_client(l);
  stop(l);
}

void life_play(life *l, const char *script) {
  l->socket = -1;
  begin(l);
  for (const char *at = script; *at != '\0'; at++) step(l, *at);
  stop(l);
  check_arrived(l);
  if (l->options.store.path.size == 0) return;
  pay_debts(l);
  check_arrived(l);
}
