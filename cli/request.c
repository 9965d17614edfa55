#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "format.h"
#include "input.h"
#include "run.h"

enum { TOKEN_SUBSCRIBE = 1, TOKEN_REQUEST = 2 };

typedef struct cli_requester {
  const cli_settings *settings;
  midge_slice payload;
} cli_requester;

/* The response is awaited before anybody can send it. */
static void opened(cli_run *run, void *context, bool first) {
  const cli_requester *requester = context;
  if (!first) return;
  midge_subscription response = {.filter = requester->settings->response_topic,
                                 .qos = (midge_qos)requester->settings->qos};
  midge_request_options options = {
      .properties = settings_properties(requester->settings, MIDGE_SUBSCRIBE)};
  run_expect(run,
             midge_client_subscribe(run->client, &response, 1, options,
                                    TOKEN_SUBSCRIBE),
             "subscribe");
}

/* In MQTT 5 the request says where to answer (section 4.10). */
static void request(cli_run *run, const cli_requester *requester) {
  const cli_settings *settings = requester->settings;
  const property_list *given = &settings->properties[MIDGE_PUBLISH];
  midge_property *list = calloc(given->count + 1, sizeof *list);
  if (list == NULL) {
    run_expect(run, MIDGE_ENOMEM, "publish");
    return;
  }
  list[0] = (midge_property){.id = MIDGE_RESPONSE_TOPIC,
                             .value = settings->response_topic};
  size_t count = 1;
  for (size_t i = 0; i < given->count; i++) {
    if (given->list[i].id != MIDGE_RESPONSE_TOPIC)
      list[count++] = given->list[i];
  }
  midge_publish message = {
      .topic = settings->topics.list[0],
      .payload = requester->payload,
      .qos = (midge_qos)settings->qos,
  };
  if (settings->client.session.version == MIDGE_MQTT_5)
    message.properties = (midge_properties){list, count};
  run_expect(run, midge_client_publish(run->client, &message, TOKEN_REQUEST),
             "publish");
  free(list);
}

static void on_event(cli_run *run, void *context, const midge_event *event) {
  const cli_requester *requester = context;
  const cli_settings *settings = requester->settings;
  if (run->leaving) return;
  if (event->type == MIDGE_EVENT_MESSAGE) {
    if (settings->no_retained && event->message.retain) return;
    format_print(settings, event, stdout);
    run_leave(run, 0);
    return;
  }
  bool subscribed = event->done.token == TOKEN_SUBSCRIBE;
  if (!run_expect(run, event->done.status,
                  subscribed ? "subscribe" : "publish") ||
      !subscribed)
    return;
  if (event->done.reasons.data[0] < 0x80) {
    request(run, requester);
    return;
  }
  complain(settings, "the server refused to subscribe to the response topic");
  run_leave(run, event->done.reasons.data[0]);
}

int request_command(const cli_settings *settings) {
  static const cli_steps steps = {
      .opened = opened,
      .event = on_event,
  };
  cli_requester requester = {.settings = settings};
  cli_input input = {0};
  int code = 1;
  if (input_load(&input, settings, &requester.payload))
    code = run_command(settings, &steps, &requester);
  input_free(&input);
  return code;
}
