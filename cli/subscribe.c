#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "format.h"
#include "run.h"

/* Above those of publishes that a store has left. */
enum { TOKEN_SUBSCRIBE = 1, TOKEN_UNSUBSCRIBE = 2 };

enum { HANDLED_MAX = 1024 };

typedef struct cli_subscriber {
  const cli_settings *settings;
  cli_printer *print;
  void *context;       /* of the printer */
  long count;          /* of the messages that were printed */
  uint64_t last_token; /* of a former life */
  /* With a store: what was printed, or is not to be, since the last flush. */
  uint64_t handled[HANDLED_MAX];
  size_t handled_count;
} cli_subscriber;

static void subscribe(cli_run *run, const cli_subscriber *subscriber) {
  const cli_settings *settings = subscriber->settings;
  const texts *topics = &settings->topics;
  midge_subscription *list = calloc(topics->count, sizeof *list);
  if (list == NULL) {
    run_expect(run, MIDGE_ENOMEM, "subscribe");
    return;
  }
  for (size_t i = 0; i < topics->count; i++) {
    list[i].filter = topics->list[i];
    list[i].qos = (midge_qos)settings->qos;
    list[i].retain_as_published =
        settings->retain_as_published &&
        settings->client.session.version == MIDGE_MQTT_5;
    list[i].retain_handling = settings->retain_handling;
  }
  midge_request_options options = {
      .properties = settings_properties(settings, MIDGE_SUBSCRIBE)};
  run_expect(run,
             midge_client_subscribe(run->client, list, topics->count, options,
                                    subscriber->last_token + TOKEN_SUBSCRIBE),
             "subscribe");
  free(list);
}

static void unsubscribe(cli_run *run, const cli_subscriber *subscriber) {
  const cli_settings *settings = subscriber->settings;
  const texts *topics = &settings->unsubscribes;
  midge_request_options options = {
      .properties = settings_properties(settings, MIDGE_UNSUBSCRIBE)};
  run_expect(run,
             midge_client_unsubscribe(
                 run->client, topics->list, topics->count, options,
                 subscriber->last_token + TOKEN_UNSUBSCRIBE),
             "unsubscribe");
}

/* Subscriptions are made again by the client itself. */
static void opened(cli_run *run, void *context, bool first) {
  const cli_subscriber *subscriber = context;
  const cli_settings *settings = subscriber->settings;
  if (!first) return;
  if (settings->topics.count != 0) subscribe(run, subscriber);
  if (settings->unsubscribes.count != 0) unsubscribe(run, subscriber);
}

static void restored(cli_run *run, void *context, const midge_event *event) {
  cli_subscriber *subscriber = context;
  (void)event;
  subscriber->last_token = midge_client_last_stored(run->client);
}

static void on_done(cli_run *run, const cli_subscriber *subscriber,
                    const midge_event *event) {
  const cli_settings *settings = subscriber->settings;
  midge_slice reasons = event->done.reasons;
  bool subscribes =
      event->done.token == subscriber->last_token + TOKEN_SUBSCRIBE;
  if (!run_expect(run, event->done.status,
                  subscribes ? "subscribe" : "unsubscribe"))
    return;
  if (!subscribes) {
    if (settings->only_subscribe && settings->topics.count == 0)
      run_leave(run, 0);
    return;
  }
  size_t refused = 0;
  for (size_t i = 0; i < reasons.size; i++) {
    if (reasons.data[i] < 0x80) continue;
    midge_slice filter = settings->topics.list[i];
    const char *why = midge_reason_text(reasons.data[i]);
    refused++;
    complain(settings, "the server refused to subscribe to %.*s: %s",
             (int)filter.size, (const char *)filter.data,
             why == NULL ? "no reason is given" : why);
  }
  if (refused == reasons.size && refused != 0) run_leave(run, reasons.data[0]);
  if (settings->only_subscribe) run_leave(run, 0);
}

static bool is_wanted(const cli_settings *settings, const midge_event *event) {
  if (settings->no_retained && event->message.retain) return false;
  for (size_t i = 0; i < settings->filters_out.count; i++) {
    if (midge_filter_matches(settings->filters_out.list[i],
                             event->message.topic))
      return false;
  }
  return true;
}

/* The server keeps no message whose payload is empty. */
static void clear(cli_run *run, const midge_event *event) {
  if (!event->message.retain) return;
  midge_publish empty = {.topic = event->message.topic, .retain = true};
  run_expect(run, midge_client_publish(run->client, &empty, 0),
             "--remove-retained");
}

static void take(cli_run *run, cli_subscriber *subscriber,
                 const midge_event *event) {
  const cli_settings *settings = subscriber->settings;
  if (!is_wanted(settings, event)) return;
  if (settings->remove_retained) clear(run, event);
  if (settings->share < 100 && drand48() * 100 >= settings->share) return;
  subscriber->print(subscriber->context, settings, event);
  subscriber->count++;
}

static void on_message(cli_run *run, cli_subscriber *subscriber,
                       const midge_event *event) {
  const cli_settings *settings = subscriber->settings;
  bool over = settings->retained_only && !event->message.retain;
  if (!over) take(run, subscriber, event);
  if (event->message.delivery != 0)
    subscriber->handled[subscriber->handled_count++] = event->message.delivery;
  over = over || (settings->messages_max != 0 &&
                  subscriber->count == settings->messages_max);
  if (over)
    run_leave(run, 0);
  else if (subscriber->handled_count == HANDLED_MAX && !run_flush(run))
    run_leave(run, 1);
}

/* What was printed before a crash of the system is to be there after it. */
static bool is_synced(const cli_settings *settings) {
  if (!settings->client.store.disk) return true;
  /* A pipe or a terminal has nothing that could be. */
  return fdatasync(STDOUT_FILENO) == 0 || errno == EINVAL || errno == EROFS;
}

/* Only now the store need not have it any more. */
static bool flushed(cli_run *run, void *context) {
  cli_subscriber *subscriber = context;
  if (subscriber->handled_count == 0) return true;
  if (!is_synced(subscriber->settings)) return false;
  for (size_t i = 0; i < subscriber->handled_count; i++) {
    midge_status status =
        midge_client_acknowledge_delivery(run->client, subscriber->handled[i]);
    (void)status; /* without memory for it, it comes twice */
  }
  subscriber->handled_count = 0;
  return true;
}

static void on_event(cli_run *run, void *context, const midge_event *event) {
  cli_subscriber *subscriber = context;
  if (event->type == MIDGE_EVENT_MESSAGE && !run->leaving)
    on_message(run, subscriber, event);
  else if (event->type == MIDGE_EVENT_DONE &&
           event->done.token > subscriber->last_token)
    on_done(run, subscriber, event);
}

int subscribe_with(const cli_settings *settings, cli_printer *print,
                   void *context) {
  static const cli_steps steps = {
      .opened = opened,
      .restored = restored,
      .event = on_event,
      .flushed = flushed,
  };
  cli_subscriber subscriber = {
      .settings = settings, .print = print, .context = context};
  srand48(time(NULL));
  int code = run_command(settings, &steps, &subscriber);
  if (subscriber.handled_count != 0)
    complain(settings,
             "standard output failed: what it did not take stays in "
             "the store");
  return code;
}

static void print_formatted(void *context, const cli_settings *settings,
                            const midge_event *event) {
  (void)context;
  format_print(settings, event, stdout);
}

int subscribe_command(const cli_settings *settings) {
  return subscribe_with(settings, print_formatted, NULL);
}
