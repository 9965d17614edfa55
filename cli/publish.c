#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "input.h"
#include "run.h"
#include "window.h"

typedef struct cli_publisher {
  const cli_settings *settings;
  midge_slice payload; /* of all but lines */
  cli_input input;     /* the rest of a line */
  bool begun;          /* there was a connection, or the store was read */
  bool at_end;         /* nothing more comes */
  long left;           /* how often the payload is still published */
  midge_time due;      /* the next time; 0: at once */
  cli_window waiting;
  uint64_t token; /* of the last */
} cli_publisher;

static bool publish(cli_run *run, cli_publisher *publisher,
                    midge_slice payload) {
  const cli_settings *settings = publisher->settings;
  midge_publish message = {
      .topic = settings->topics.list[0],
      .payload = payload,
      .qos = (midge_qos)settings->qos,
      .retain = settings->retain,
      .properties = settings_properties(settings, MIDGE_PUBLISH),
  };
  midge_status status =
      midge_client_publish(run->client, &message, ++publisher->token);
  if (!run_expect(run, status, "publish")) return false;
  window_add(&publisher->waiting, payload.size);
  return true;
}

static void leave_when_done(cli_run *run, cli_publisher *publisher) {
  if (publisher->at_end && publisher->waiting.count == 0)
    run_leave(run, run->code);
}

/* --- The same message, once or more --- */

static void repeat(cli_run *run, void *context) {
  cli_publisher *publisher = context;
  const cli_settings *settings = publisher->settings;
  bool pauses = settings->repeat_delay_s > 0;
  while (publisher->left > 0 && !window_is_full(&publisher->waiting)) {
    if (!publish(run, publisher, publisher->payload)) return;
    publisher->left--;
    if (!pauses) continue;
    publisher->due = run_now() + (midge_time)(settings->repeat_delay_s * 1000);
    break;
  }
  publisher->at_end = publisher->left == 0;
}

static int64_t patience(void *context) {
  const cli_publisher *publisher = context;
  if (!publisher->begun || publisher->left == 0 ||
      publisher->settings->source == SOURCE_LINES)
    return -1;
  midge_time time = run_now();
  if (publisher->due > time) return (int64_t)(publisher->due - time) * 1000;
  return window_is_full(&publisher->waiting) ? -1 : 0;
}

/* --- Lines --- */

static bool listens(void *context) {
  const cli_publisher *publisher = context;
  return publisher->begun && !publisher->at_end &&
         publisher->settings->source == SOURCE_LINES &&
         !window_is_full(&publisher->waiting);
}

static void read_lines(cli_run *run, void *context) {
  cli_publisher *publisher = context;
  midge_slice line;
  int more = input_read(&publisher->input, STDIN_FILENO);
  while (input_line(&publisher->input, more == 0, &line)) {
    if (!publish(run, publisher, line)) return;
  }
  if (more < 0) {
    complain(run->settings, "standard input: %s", strerror(errno));
    run->code = 1;
  }
  publisher->at_end = more <= 0;
  leave_when_done(run, publisher);
}

/* --- Steps --- */

static void begin(cli_run *run, cli_publisher *publisher) {
  publisher->begun = true;
  if (publisher->settings->source != SOURCE_LINES) repeat(run, publisher);
  leave_when_done(run, publisher);
}

static void opened(cli_run *run, void *context, bool first) {
  if (first && !has_store(run->settings)) begin(run, context);
}

/* What is published from now on is stored without a connection too. */
static void restored(cli_run *run, void *context, const midge_event *event) {
  cli_publisher *publisher = context;
  publisher->waiting.count = event->restored.messages;
  publisher->token = midge_client_last_stored(run->client);
  begin(run, publisher);
}

static void on_event(cli_run *run, void *context, const midge_event *event) {
  cli_publisher *publisher = context;
  if (event->type != MIDGE_EVENT_DONE) return;
  if (event->done.status == MIDGE_ECLOSED && has_store(run->settings)) return;
  window_remove(&publisher->waiting);
  if (event->done.status != MIDGE_OK) {
    complain(run->settings, "publish: %s",
             midge_status_text(event->done.status));
    run->code = 1;
  }
  leave_when_done(run, publisher);
}

int publish_command(const cli_settings *settings) {
  static const cli_steps steps = {
      .opened = opened,
      .restored = restored,
      .event = on_event,
      .listens = listens,
      .input = read_lines,
      .patience = patience,
      .tick = repeat,
  };
  cli_publisher publisher = {.settings = settings, .left = settings->repeat};
  int code = 1;
  if (input_load(&publisher.input, settings, &publisher.payload))
    code = run_command(settings, &steps, &publisher);
  if (has_store(settings) && publisher.waiting.count != 0)
    complain(settings, "messages that wait in the store: %zu",
             publisher.waiting.count);
  input_free(&publisher.input);
  return code;
}
