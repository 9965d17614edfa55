/* libmosquitto, as fast as it goes: one thread that publishes and drives the
 * loop (with its own thread, every publish pokes that thread through a pipe),
 * and more messages in flight than the 20 of its default. */
#include <mosquitto.h>

#include "../case.h"

enum { WINDOW = 100, WAIT_MS = 1000, KEEP_ALIVE_S = 60 };

static void check(int code) {
  if (code != MOSQ_ERR_SUCCESS) bench_fail(mosquitto_strerror(code), code);
}

static void publish_one(struct mosquitto *client, bench_case *bench) {
  bench->sent++;
  check(mosquitto_publish(client, NULL, bench->topic, (int)bench->size,
                          bench->payload, bench->qos, false));
}

static void on_connect(struct mosquitto *client, void *context, int code) {
  bench_case *bench = context;
  check(code);
  bench->connected = true;
  if (bench->receives) {
    check(mosquitto_subscribe(client, NULL, bench->topic, bench->qos));
    return;
  }
  if (bench->qos == 0) return; /* see publish_freely */
  while (bench->sent < WINDOW && bench->sent < bench->count)
    publish_one(client, bench);
}

static void on_publish(struct mosquitto *client, void *context, int id) {
  (void)id;
  bench_case *bench = context;
  if (bench->qos == 0) return;
  bench_finish_one(bench);
  if (bench->sent < bench->count) publish_one(client, bench);
}

static void on_message(struct mosquitto *client, void *context,
                       const struct mosquitto_message *message) {
  (void)client;
  bench_receive(context, (size_t)message->payloadlen);
}

static void on_disconnect(struct mosquitto *client, void *context, int code) {
  (void)client;
  (void)context;
  bench_fail("the connection is lost", code);
}

/* QoS 0 is written at once, as long as the socket takes it. */
static void publish_freely(struct mosquitto *client, bench_case *bench) {
  while (bench->sent < bench->count) {
    publish_one(client, bench);
    while (mosquitto_want_write(client))
      check(mosquitto_loop(client, WAIT_MS, 1));
  }
}

int main(int argc, char **argv) {
  bench_case bench = bench_read(argc, argv);
  check(mosquitto_lib_init());
  struct mosquitto *client = mosquitto_new(bench.client_id, true, &bench);
  if (!client) bench_fail("no client", 0);
  mosquitto_connect_callback_set(client, on_connect);
  mosquitto_publish_callback_set(client, on_publish);
  mosquitto_message_callback_set(client, on_message);
  mosquitto_disconnect_callback_set(client, on_disconnect);
  check(mosquitto_max_inflight_messages_set(client, WINDOW));
  if (!strcmp(bench.scheme, "mqtts"))
    check(mosquitto_tls_set(client, bench.ca_file, NULL, NULL, NULL, NULL));
  check(mosquitto_connect(client, bench.host, bench.port, KEEP_ALIVE_S));
  bool freely = bench.publishes && bench.qos == 0;
  for (bool begun = false;;) {
    check(mosquitto_loop(client, WAIT_MS, 1));
    if (!freely || begun) continue;
    begun = bench.connected;
    if (begun) publish_freely(client, &bench);
  }
}
