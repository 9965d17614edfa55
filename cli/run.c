#include "run.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bell.h"

uint64_t run_now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

midge_time run_now(void) {
  return run_now_us() / 1000;
}

void complain(const cli_settings *settings, const char *format, ...) {
  va_list values;
  if (settings->quiet) return;
  fputs("midge: ", stderr);
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
}

static void note(const cli_run *run, const char *what, midge_slice text) {
  if (run->settings->debug)
    fprintf(stderr, "midge: %s %.*s\n", what, (int)text.size,
            (const char *)text.data);
}

bool run_flush(cli_run *run) {
  if (fflush(stdout) != 0 || ferror(stdout)) return false;
  return run->steps->flushed == NULL || run->steps->flushed(run, run->context);
}

/* What is printed is written before the client hears that this is the end. */
static void begin_end(cli_run *run, int code) {
  run->leaving = true;
  run->code = run_flush(run) ? code : 1;
}

void run_leave(cli_run *run, int code) {
  if (run->leaving) return;
  begin_end(run, code);
  midge_properties properties =
      settings_properties(run->settings, MIDGE_DISCONNECT);
  midge_status status = midge_client_disconnect(
      run->client, MIDGE_REASON_SUCCESS, properties, false);
  if (status != MIDGE_OK) run->ended = true;
}

bool run_expect(cli_run *run, midge_status status, const char *what) {
  if (status == MIDGE_OK) return true;
  complain(run->settings, "%s: %s", what, midge_status_text(status));
  run_leave(run, 1);
  return false;
}

/* The code of a connection that failed, as mosquitto's programs have it: what
 * the server said, or what TLS or a connection that ended were, or 1. */
static int code_of(const midge_event *event) {
  midge_status status = event->closed.status;
  bool refused = event->closed.by == MIDGE_SIDE_SERVER &&
                 event->closed.has_reason && event->closed.reason != 0;
  if (refused) return event->closed.reason;
  return status == MIDGE_ETLS || status == MIDGE_ELOST ? -status : 1;
}

static void on_closed(cli_run *run, const midge_event *event) {
  bool last = event->closed.retry_ms == MIDGE_NEVER;
  note(run, "connection closed:", event->closed.text);
  if (run->leaving) {
    run->ended = run->ended || last;
    return;
  }
  /* Somebody who types wants to hear at once that nobody is there; later the
   * connection comes back by itself. */
  if (run->opened && !last) return;
  complain(run->settings, "%.*s", (int)event->closed.text.size,
           (const char *)event->closed.text.data);
  begin_end(run, code_of(event));
  run->ended = true;
}

static void on_restored(cli_run *run, const midge_event *event) {
  if (event->restored.damaged != 0)
    complain(run->settings, "%zu records of the store are damaged",
             event->restored.damaged);
  if (run->steps->restored != NULL)
    run->steps->restored(run, run->context, event);
}

static void on_store(cli_run *run, const midge_event *event) {
  midge_slice text = event->store.text;
  if (event->store.status == MIDGE_OK)
    note(run, "the store works again", MIDGE_TEXT(""));
  else
    complain(run->settings, "%.*s", (int)text.size, (const char *)text.data);
}

static void on_event(cli_run *run, const midge_event *event) {
  bool first = !run->opened;
  switch (event->type) {
    case MIDGE_EVENT_CONNECTING:
      note(run, "connecting", MIDGE_TEXT(""));
      break;
    case MIDGE_EVENT_OPENED:
      note(run, "connected as", event->opened.client_id);
      run->opened = true;
      if (run->steps->opened != NULL)
        run->steps->opened(run, run->context, first);
      break;
    case MIDGE_EVENT_MESSAGE:
    case MIDGE_EVENT_DONE:
      run->steps->event(run, run->context, event);
      break;
    case MIDGE_EVENT_RESTORED:
      on_restored(run, event);
      break;
    case MIDGE_EVENT_STORED:
      note(run, "stored", MIDGE_TEXT(""));
      break;
    case MIDGE_EVENT_STORE:
      on_store(run, event);
      break;
    case MIDGE_EVENT_CLOSED:
      on_closed(run, event);
      break;
    default:
      break;
  }
}

static void take_events(cli_run *run) {
  midge_event event;
  while (!run->ended && midge_reactor_event(run->reactor, &event))
    on_event(run, &event);
  if (!run->leaving && !run_flush(run)) run_leave(run, 1);
}

/* Microseconds until there is something to do by ourselves; -1: nothing. */
static int64_t patience_of(const cli_run *run) {
  int64_t patience = run->leaving || run->steps->patience == NULL
                         ? -1
                         : run->steps->patience(run->context);
  midge_time time = run_now();
  if (run->leaving || run->end == MIDGE_NEVER) return patience;
  midge_time left = run->end > time ? run->end - time : 0;
  int64_t left_us = (int64_t)left * 1000;
  return patience < 0 || left_us < patience ? left_us : patience;
}

static void wait_for_something(cli_run *run) {
  bool listens = !run->leaving && run->steps->listens != NULL &&
                 run->steps->listens(run->context);
  struct pollfd polls[] = {{bell_file(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  int64_t patience = patience_of(run);
  struct timespec time = {patience / 1000000, patience % 1000000 * 1000};
  int ready = ppoll(polls, listens ? 2 : 1, patience < 0 ? NULL : &time, NULL);
  if (ready < 0 && errno != EINTR) run_leave(run, 1);
  run->readable = ready > 0 && polls[1].revents != 0;
  if (ready > 0 && polls[0].revents != 0) bell_hear();
}

static void turn(cli_run *run) {
  wait_for_something(run);
  if (bell_asks_for_end()) run_leave(run, run->code);
  take_events(run);
  if (!run->leaving && run_now() >= run->end) {
    complain(run->settings, "the time of -W is over");
    run_leave(run, EXIT_TIMEOUT);
  }
  if (run->leaving) return;
  if (run->readable) run->steps->input(run, run->context);
  if (run->steps->patience != NULL && run->steps->patience(run->context) == 0)
    run->steps->tick(run, run->context);
}

static bool open_client(cli_run *run) {
  char why[256] = "";
  midge_reactor_options options = {.wake = bell_ring};
  if (!bell_open() ||
      midge_reactor_start(&run->reactor, &options) != MIDGE_OK) {
    complain(run->settings, "no thread or file descriptor is left");
    return false;
  }
  midge_status status = midge_client_open(
      &run->client, run->reactor, &run->settings->client, why, sizeof why);
  if (status == MIDGE_OK) status = midge_client_connect(run->client);
  if (status == MIDGE_OK) return true;
  complain(run->settings, "%s",
           why[0] != '\0' ? why : midge_status_text(status));
  return false;
}

int run_command(const cli_settings *settings, const cli_steps *steps,
                void *context) {
  cli_run run = {.settings = settings,
                 .steps = steps,
                 .context = context,
                 .end = MIDGE_NEVER};
  if (settings->timeout_s != 0)
    run.end = run_now() + (midge_time)settings->timeout_s * 1000;
  if (open_client(&run)) {
    while (!run.ended) turn(&run);
  } else {
    run.code = 1;
  }
  if (run.reactor != NULL) midge_reactor_stop(run.reactor);
  bell_close();
  return run.code;
}
