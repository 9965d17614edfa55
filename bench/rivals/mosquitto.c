/* libmosquitto, as fast as it goes: one thread that publishes and drives the
 * loop (with its own thread, every publish pokes that thread through a pipe).
 */
#include <mosquitto.h>
#include <sys/epoll.h>

#include "../case.h"

enum { WAIT_MS = 1000, KEEP_ALIVE_S = 60, EVENTS_MAX = 64 };

static void check(int code) {
  if (code != MOSQ_ERR_SUCCESS) bench_fail(mosquitto_strerror(code), code);
}

static int try_to_publish(struct mosquitto *client, bench_case *bench) {
  bench->sent++;
  return mosquitto_publish(client, NULL, bench->topic, (int)bench->size,
                           bench->payload, bench->qos, false);
}

static void publish_one(struct mosquitto *client, bench_case *bench) {
  check(try_to_publish(client, bench));
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  bench_case *bench = context;
  check(code);
  bench->connected = true;
  if (bench_does(bench, "receive") || bench_does(bench, "echo"))
    check(mosquitto_subscribe(client, NULL, bench->topic, bench->qos));
}

static void on_subscribe(struct mosquitto *client, void *context, int id,
                         int count, const int *granted) {
  (void)id;
  (void)count;
  (void)granted;
  bench_case *bench = context;
  if (!bench_does(bench, "echo")) return;
  bench->written_ns = bench_now();
  publish_one(client, bench);
}

/* Of QoS 0 this comes from within mosquitto_publish; see publish_freely. */
static void on_publish(struct mosquitto *client, void *context, int id) {
  (void)id;
  bench_case *bench = context;
  if (!bench_does(bench, "publish") || bench->qos == 0) return;
  bench_finish_one(bench);
  if (bench->sent < bench->total) publish_one(client, bench);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
  bench_case *bench = context;
  if (bench_does(bench, "receive"))
    bench_receive(bench, (size_t)message->payloadlen);
  else if (bench_take_echo(bench, (size_t)message->payloadlen))
    publish_one(client, bench);
}

static void on_disconnect(struct mosquitto *client, void *context, int code) {
  (void)client;
  (void)context;
  bench_fail("the connection is lost", code);
}

static struct mosquitto *new_client(bench_case *bench, const char *id) {
  struct mosquitto *client = mosquitto_new(id, true, bench);
  if (!client) bench_fail("no client", 0);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_subscribe_callback_set(client, on_subscribe);
  mosquitto_publish_callback_set(client, on_publish);
  mosquitto_message_callback_set(client, on_message);
  mosquitto_disconnect_callback_set(client, on_disconnect);
  /* Acknowledgements are small and wait for nothing; a stream of QoS 0 is
   * faster when Nagle's algorithm joins its packets. */
  if (bench->qos > 0 || bench_does(bench, "echo"))
    check(mosquitto_int_option(client, MOSQ_OPT_TCP_NODELAY, 1));
  if (bench->limit > 0)
    check(mosquitto_max_inflight_messages_set(client, (unsigned)bench->limit));
  if (!strcmp(bench->scheme, "mqtts"))
    check(mosquitto_tls_set(client, bench->ca_file, NULL, NULL, NULL, NULL));
  return client;
}

static void start_connecting(struct mosquitto *client,
                             const bench_case *bench) {
  check(mosquitto_connect(client, bench->host, bench->port, KEEP_ALIVE_S));
}

/* --- Publishing --- */

/* QoS 0 is written at once, as long as the socket takes it. */
static void publish_freely(struct mosquitto *client, bench_case *bench) {
  while (bench->sent < bench->total) {
    for (uint64_t i = 0; i < bench->window && bench->sent < bench->total; i++)
      publish_one(client, bench);
    while (mosquitto_want_write(client))
      check(mosquitto_loop(client, WAIT_MS, 1));
  }
}

static void begin_publishing(struct mosquitto *client, bench_case *bench) {
  if (!strcmp(bench->style, "loop")) {
    bench_say("start");
    while (bench->sent < bench->total) publish_one(client, bench);
  } else if (bench->qos == 0) {
    publish_freely(client, bench);
  } else {
    while (bench->sent < bench->window && bench->sent < bench->total)
      publish_one(client, bench);
  }
}

static void run(struct mosquitto *client, bench_case *bench) {
  start_connecting(client, bench);
  for (bool begun = false;;) {
    check(mosquitto_loop(client, WAIT_MS, 1));
    if (begun || !bench->connected) continue;
    begun = true;
    if (bench_does(bench, "publish")) begin_publishing(client, bench);
  }
}

/* --- Many connections --- */

static void open_one(bench_case *bench, int poller) {
  char id[64];
  snprintf(id, sizeof id, "bench-%d-%d-0", (int)getpid(), (int)bench->sent++);
  struct mosquitto *client = new_client(bench, id);
  bench->connected = false;
  start_connecting(client, bench);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, mosquitto_socket(client), &event) != 0)
    bench_fail("epoll_ctl", 0);
}

static void open_to(bench_case *bench, int poller, uint64_t end) {
  while (bench->finished < end) {
    while (bench->sent < end && bench->sent - bench->finished < bench->window)
      open_one(bench, poller);
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(poller, events, EVENTS_MAX, WAIT_MS);
    for (int i = 0; i < count; i++) {
      bench->connected = false;
      check(mosquitto_loop_read(events[i].data.ptr, 1));
      if (bench->connected) bench->finished++;
    }
  }
}

static void open_all(bench_case *bench) {
  int poller = epoll_create1(0);
  open_to(bench, poller, bench_first(bench));
  bench_weigh_first(bench);
  open_to(bench, poller, bench->count / 2);
  bench_say("start");
  open_to(bench, poller, bench->count);
  bench_say("end");
  bench_weigh_rest(bench);
  for (;;) pause();
}

/* --- The queue of a client that is offline --- */

/* The first few are queued although it says that there is no connection. */
static void queue_to(struct mosquitto *client, bench_case *bench,
                     uint64_t end) {
  while (bench->sent < end) {
    int code = try_to_publish(client, bench);
    if (code != MOSQ_ERR_NO_CONN) check(code);
  }
}

static void queue_all(struct mosquitto *client, bench_case *bench) {
  queue_to(client, bench, bench_first(bench));
  bench_weigh_first(bench);
  queue_to(client, bench, bench->count / 2);
  bench_say("start");
  queue_to(client, bench, bench->count);
  bench_say("end");
  bench_weigh_rest(bench);
}

int main(int argc, char **argv) {
  bench_case bench = bench_read(argc, argv);
  check(mosquitto_lib_init());
  if (bench_does(&bench, "open")) open_all(&bench);
  struct mosquitto *client = new_client(&bench, bench.client_id);
  if (bench_does(&bench, "offline")) queue_all(client, &bench);
  run(client, &bench);
}
