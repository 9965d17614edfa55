/* Paho C, asynchronous, as fast as it goes: a window of messages in flight,
 * each that is finished makes room for the next. Its own thread calls back.
 * With a folder it has its persistence in files there. */
#include <MQTTAsync.h>

#include "../case.h"

enum { KEEP_ALIVE_S = 60, IN_FLIGHT_MAX = 10, SETTLE_US = 300000 };

static MQTTAsync client;
static bench_case bench;

static void on_published(void *context, MQTTAsync_successData *data);

static void on_failed(void *context, MQTTAsync_failureData *data) {
  (void)context;
  bench_fail("refused", data ? data->code : 0);
}

static void check(int code) {
  if (code != MQTTASYNC_SUCCESS) bench_fail(MQTTAsync_strerror(code), code);
}

static void publish_one(MQTTAsync_onSuccess *published) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.onSuccess = published;
  options.onFailure = on_failed;
  bench.sent++;
  check(MQTTAsync_send(client, bench.topic, (int)bench.size, bench.payload,
                       bench.qos, 0, &options));
}

static void on_published(void *context, MQTTAsync_successData *data) {
  (void)context;
  (void)data;
  bench_finish_one(&bench);
  if (bench.sent < bench.total) publish_one(on_published);
}

static void begin_publishing(void) {
  bool is_loop = !strcmp(bench.style, "loop");
  if (is_loop) bench_say("start");
  uint64_t count = is_loop ? bench.total : bench.window;
  while (bench.sent < count && bench.sent < bench.total)
    publish_one(is_loop ? NULL : on_published);
}

static void on_subscribed(void *context, MQTTAsync_successData *data) {
  (void)context;
  (void)data;
  if (!bench_does(&bench, "echo")) return;
  bench.written_ns = bench_now();
  publish_one(NULL);
}

static void on_connected(void *context, MQTTAsync_successData *data) {
  (void)context;
  (void)data;
  if (bench_does(&bench, "recover")) return;
  if (bench_does(&bench, "publish")) {
    begin_publishing();
    return;
  }
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.onSuccess = on_subscribed;
  options.onFailure = on_failed;
  check(MQTTAsync_subscribe(client, bench.topic, bench.qos, &options));
}

static int on_message(void *context, char *topic, int topic_size,
                      MQTTAsync_message *message) {
  (void)context;
  (void)topic_size;
  size_t size = (size_t)message->payloadlen;
  if (bench_does(&bench, "receive"))
    bench_receive(&bench, size);
  else if (bench_take_echo(&bench, size))
    publish_one(NULL);
  MQTTAsync_freeMessage(&message);
  MQTTAsync_free(topic);
  return 1;
}

static void on_lost(void *context, char *cause) {
  (void)context;
  bench_fail(cause ? cause : "the connection is lost", 0);
}

/* Its persistence is synchronous: what was sent is written. */
static void fill(void) {
  while (bench.sent < bench.total) publish_one(NULL);
  _exit(0);
}

static void create(void) {
  char url[128];
  snprintf(url, sizeof url, "%s://%s:%d",
           !strcmp(bench.scheme, "mqtts") ? "ssl" : "tcp", bench.host,
           bench.port);
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.sendWhileDisconnected = bench_is_stored(&bench);
  options.allowDisconnectedSendAtAnyTime = bench_is_stored(&bench);
  options.maxBufferedMessages = (int)bench.total;
  check(MQTTAsync_createWithOptions(&client, url, bench.client_id,
                                    bench.folder
                                        ? MQTTCLIENT_PERSISTENCE_DEFAULT
                                        : MQTTCLIENT_PERSISTENCE_NONE,
                                    (void *)(uintptr_t)bench.folder, &options));
  check(MQTTAsync_setCallbacks(client, NULL, on_lost, on_message, NULL));
}

static void connect_it(void) {
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  tls.trustStore = bench.ca_file;
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  options.keepAliveInterval = KEEP_ALIVE_S;
  options.cleansession = !bench.folder;
  options.maxInflight = bench.limit > 0 ? bench.limit : IN_FLIGHT_MAX;
  options.onSuccess = on_connected;
  options.onFailure = on_failed;
  if (!strcmp(bench.scheme, "mqtts")) options.ssl = &tls;
  check(MQTTAsync_connect(client, &options));
}

static void weigh(void) {
  bench_say("end");
  usleep(SETTLE_US);
  bench_tell_held();
  bench_say("done");
}

int main(int argc, char **argv) {
  bench = bench_read(argc, argv);
  if (bench_does(&bench, "recover")) bench_say("start");
  create();
  if (bench_does(&bench, "fill")) fill();
  if (bench_does(&bench, "recover")) weigh();
  connect_it();
  for (;;) pause();
}
