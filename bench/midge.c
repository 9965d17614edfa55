/* midge's C library, without Node.js: what the native clients compare with.
 * One thread wishes and takes events, the reactor's does the rest. */
#include "case.h"
#include "midge/client.h"

/* Publishes of QoS 0 ask for an event once in a burst, as in midge.js. */
enum { AHEAD = 4, WAIT_MS = 1000 };

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

static void check(midge_status status) {
  if (status != MIDGE_OK) bench_fail(midge_status_text(status), status);
}

static void publish_one(midge_client *client, bench_case *bench,
                        uint64_t token) {
  bench->sent++;
  check(midge_client_publish(
      client,
      &(midge_publish){.topic = text(bench->topic),
                       .payload = {(uint8_t *)bench->payload, bench->size},
                       .qos = (midge_qos)bench->qos},
      token));
}

static void publish_burst(midge_client *client, bench_case *bench) {
  uint64_t burst = (bench->window + AHEAD - 1) / AHEAD;
  for (uint64_t i = 1; i < burst && bench->sent + 1 < bench->total; i++)
    publish_one(client, bench, 0);
  if (bench->sent < bench->total) publish_one(client, bench, 1);
}

static void begin_publishing(midge_client *client, bench_case *bench) {
  if (!strcmp(bench->style, "loop")) {
    bench_say("start");
    while (bench->sent < bench->total) publish_one(client, bench, 0);
  } else if (bench->qos == 0) {
    for (int i = 0; i < AHEAD; i++) publish_burst(client, bench);
  } else {
    while (bench->sent < bench->window && bench->sent < bench->total)
      publish_one(client, bench, 1);
  }
}

/* The only call whose arguments are not the same in every version. */
static void subscribe(midge_client *client, const bench_case *bench) {
  check(midge_client_subscribe(
      client,
      &(midge_subscription){.filter = text(bench->topic),
                            .qos = (midge_qos)bench->qos},
      1, (midge_request_options){0}, 1));
}

static void take_done(midge_client *client, bench_case *bench) {
  if (bench_does(bench, "receive")) return;
  if (bench_does(bench, "echo")) {
    bench->written_ns = bench_now();
    publish_one(client, bench, 0);
  } else if (bench->qos == 0) {
    publish_burst(client, bench);
  } else {
    bench_finish_one(bench);
    if (bench->sent < bench->total) publish_one(client, bench, 1);
  }
}

static void take_message(midge_client *client, bench_case *bench, size_t size) {
  if (bench_does(bench, "receive"))
    bench_receive(bench, size);
  else if (bench_take_echo(bench, size))
    publish_one(client, bench, 0);
}

static void handle(midge_client *client, bench_case *bench,
                   const midge_event *event) {
  switch (event->type) {
    case MIDGE_EVENT_OPENED:
      if (bench_does(bench, "publish"))
        begin_publishing(client, bench);
      else
        subscribe(client, bench);
      break;
    case MIDGE_EVENT_MESSAGE:
      take_message(client, bench, event->message.payload.size);
      break;
    case MIDGE_EVENT_DONE:
      check(event->done.status);
      take_done(client, bench);
      break;
    case MIDGE_EVENT_CLOSED:
      bench_fail("the connection is lost", event->closed.status);
      break;
    default:
      break;
  }
}

int main(int argc, char **argv) {
  bench_case bench = bench_read(argc, argv);
  midge_reactor *reactor;
  midge_client *client;
  char why[256] = "";
  check(midge_reactor_start(&reactor, &(midge_reactor_options){0}));
  midge_client_options options = {
      .url = text(bench.url),
      .session = {.version = MIDGE_MQTT_3_1_1,
                  .client_id = text(bench.client_id),
                  .clean_start = true,
                  .in_flight_max = (uint16_t)bench.limit},
      .tls = {.ca_file = text(bench.ca_file)},
  };
  midge_status status =
      midge_client_open(&client, reactor, &options, why, sizeof why);
  if (status != MIDGE_OK) bench_fail(why, status);
  check(midge_client_connect(client));
  for (;;) {
    midge_event event;
    if (midge_reactor_wait(reactor, &event, WAIT_MS))
      handle(client, &bench, &event);
  }
}
