#include "loop.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "../bell.h"
#include "../run.h"
#include "churn.h"
#include "dial.h"
#include "load.h"
#include "receive.h"
#include "usage.h"

/* Events in one go, before the clock is asked what is due. */
enum { EVENTS_MAX = 256 };
/* How long the end waits for what is under way once nothing comes any more, and
 * when somebody asked for it. */
enum { QUIET_MS = 5000, QUIET_ASKED_MS = 500 };
enum { SAMPLES_WANTED = 200, SAMPLE_MIN_MS = 50, SAMPLE_MS = 1000 };
enum { DURATION_S = 10, TELL_MS = 250 };
/* With fewer connections nothing can be said of what each takes. */
enum { WEIGHED_MIN = 50 };

/* --- Phases --- */

/* What is measured is over when all are connected. */
static bool measures_connecting(const bench *run) {
  return run->kind == BENCH_CONN && !bench_churns(run);
}

static uint64_t duration_of(const bench *run) {
  double seconds = run->settings->bench.duration_s;
  if (seconds > 0) return (uint64_t)(seconds * NS_PER_S);
  if (measures_connecting(run)) return 0;
  if (run->kind != BENCH_SUB && run->settings->bench.count == 0)
    return (uint64_t)DURATION_S * NS_PER_S;
  return MIDGE_NEVER;
}

static uint64_t warm_up_of(const bench *run) {
  return (uint64_t)(run->settings->bench.warm_up_s * NS_PER_S);
}

static void begin_measuring(bench *run, uint64_t now) {
  run->begun = run->heard = now;
  run->counted = now + warm_up_of(run);
  run->cpu = usage_cpu();
}

/* What the first one takes is not its own. */
static void weigh(bench *run) {
  uint64_t memory = usage_memory();
  if (run->connected >= WEIGHED_MIN && memory > run->memory)
    run->memory_each = (memory - run->memory) / run->connected;
}

static void begin_running(bench *run, uint64_t now) {
  uint64_t duration = duration_of(run);
  weigh(run);
  if (measures_connecting(run))
    run->cpu_used = usage_cpu() - run->cpu;
  else
    begin_measuring(run, now);
  run->phase = PHASE_RUNNING;
  run->over =
      duration == MIDGE_NEVER ? MIDGE_NEVER : now + warm_up_of(run) + duration;
  if (bench_sends(run)) load_begin(run, now);
}

static void end(bench *run, uint64_t now) {
  run->phase = PHASE_ENDED;
  run->ended = now;
  if (!measures_connecting(run) && run->begun != 0)
    run->cpu_used = usage_cpu() - run->cpu;
}

/* What a slow server has held up is begun late, but not without end. */
static bool is_enough(const bench *run, uint64_t now) {
  uint64_t quiet = (uint64_t)QUIET_MS * NS_PER_MS;
  bool is_overdue = now >= run->over && now - run->over >= quiet;
  if (bench_sends(run)) return load_is_over(run, now) || is_overdue;
  if (bench_churns(run)) return dial_is_over(run, now) || is_overdue;
  uint64_t count = (uint64_t)run->settings->bench.count;
  return now >= run->over ||
         (count != 0 && run->received + run->foreign >= count);
}

/* The processor time of a warm-up is left out. */
static void warm(bench *run, uint64_t now) {
  if (run->is_warm || run->begun == 0 || now < run->counted) return;
  run->is_warm = true;
  run->cpu = usage_cpu();
}

static uint64_t under_way(const bench *run) {
  return run->kind == BENCH_CONN ? run->dialling : run->in_flight;
}

/* From one phase to the next, where it is time. */
static void advance(bench *run, uint64_t now) {
  warm(run, now);
  bool asked = bell_asks_for_end();
  bool waits =
      now <
      run->heard + (uint64_t)(asked ? QUIET_ASKED_MS : QUIET_MS) * NS_PER_MS;
  switch (run->phase) {
    case PHASE_CONNECTING:
      if (dial_is_done(run))
        begin_running(run, now);
      else if (asked)
        end(run, now);
      break;
    case PHASE_RUNNING:
      if (asked && run->over > now) run->over = now;
      if (!asked && !is_enough(run, now)) break;
      run->phase = PHASE_DRAINING;
      run->heard = now;
      break;
    case PHASE_DRAINING:
      if (under_way(run) != 0 && waits) break;
      load_give_up(run, now);
      dial_give_up(run, now);
      end(run, now);
      break;
    case PHASE_ENDED:
      break;
  }
}

/* --- Events --- */

static void on_done(bench *run, bench_client *client, const midge_event *event,
                    uint64_t now) {
  uint64_t due = event->done.token & ~MIDGE_TOKEN_PATIENT;
  run->heard = now;
  if (due == DIAL_TOKEN) {
    dial_subscribed(run, client, event);
    return;
  }
  bool is_well = event->done.status == MIDGE_OK;
  if (!is_well) bench_fault(run, event->done.status, event->done.text);
  if (is_well && run->kind == BENCH_ECHO) return; /* the echo is to come */
  if (is_well) bench_count(run, due, now);
  load_ended(run, client, 1, now);
}

static void on_event(bench *run, const midge_event *event, uint64_t now) {
  bench_client *client = event->context;
  bool is_back = client->was_open;
  switch (event->type) {
    case MIDGE_EVENT_OPENED:
      dial_opened(run, client, now);
      if (is_back) load_reopened(run, client, now);
      break;
    case MIDGE_EVENT_MESSAGE:
      receive_message(run, client, event, now);
      break;
    case MIDGE_EVENT_DONE:
      on_done(run, client, event, now);
      break;
    case MIDGE_EVENT_CLOSED:
      dial_closed(run, client, event, now);
      break;
    default:
      break;
  }
}

/* True: there may be more. */
static bool take_events(bench *run) {
  midge_event event;
  for (int i = 0; i < EVENTS_MAX; i++) {
    if (run->phase == PHASE_ENDED) return false;
    if (!midge_reactor_event(run->reactor, &event)) return false;
    on_event(run, &event, clock_now());
  }
  return true;
}

/* --- Time --- */

static uint64_t sample_interval(const bench *run) {
  uint64_t length = duration_of(run);
  double count = (double)run->settings->bench.count;
  double rate = run->settings->bench.rate;
  if (measures_connecting(run)) count = (double)run->count;
  uint64_t most = (uint64_t)SAMPLE_MS * NS_PER_MS;
  if (count > 0 && rate > 0) length = (uint64_t)(count / rate * NS_PER_S);
  if (length == 0 || length == MIDGE_NEVER) return most / 4;
  uint64_t each = length / SAMPLES_WANTED;
  uint64_t least = (uint64_t)SAMPLE_MIN_MS * NS_PER_MS;
  return each < least ? least : each > most ? most : each;
}

static void sample_now(bench *run, uint64_t now) {
  if (run->begun == 0 || run->phase == PHASE_ENDED) return;
  series_sample(&run->series, bench_seconds(run, now), under_way(run),
                run->connected);
}

static uint64_t soonest(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static void wait_until(uint64_t time) {
  uint64_t now = clock_now();
  uint64_t left = time > now ? time - now : 0;
  struct timespec patience = {(time_t)(left / NS_PER_S),
                              (long)(left % NS_PER_S)};
  struct pollfd polls[] = {{bell_file(), POLLIN, 0}};
  if (ppoll(polls, 1, &patience, NULL) > 0) bell_hear();
}

/* What is late is begun when a client is free, and not looked for until then.
 */
static uint64_t end_of(const bench *run) {
  return clock_now() < run->over ? run->over : MIDGE_NEVER;
}

static uint64_t deadline_of(const bench *run) {
  if (run->phase == PHASE_CONNECTING) return dial_deadline(run);
  if (run->phase != PHASE_RUNNING) return MIDGE_NEVER;
  if (bench_churns(run))
    return soonest(soonest(churn_deadline(run), dial_deadline(run)),
                   end_of(run));
  return bench_sends(run) ? soonest(load_deadline(run), run->over) : run->over;
}

static void turn(bench *run, bool more, uint64_t next) {
  uint64_t now = clock_now();
  if (!more) wait_until(soonest(deadline_of(run), next));
  now = clock_now();
  if (run->phase == PHASE_CONNECTING) dial_some(run, now);
  if (run->phase != PHASE_RUNNING) return;
  if (bench_churns(run)) {
    churn_some(run, now);
    dial_some(run, now);
  } else {
    load_some(run, now);
  }
}

static void run_to_the_end(bench *run, loop_teller *tell) {
  uint64_t now = clock_now(), interval = sample_interval(run);
  uint64_t next = now + interval, told = now;
  bool more = true;
  if (measures_connecting(run)) begin_measuring(run, now);
  if (bench_churns(run)) begin_running(run, now);
  while (run->phase != PHASE_ENDED) {
    turn(run, more, next);
    more = take_events(run);
    now = clock_now();
    if (now >= next) {
      sample_now(run, now);
      next = now + interval;
    }
    if (now - told >= (uint64_t)TELL_MS * NS_PER_MS) {
      tell(run, now);
      told = now;
    }
    advance(run, now);
  }
  receive_end(run);
}

void loop_run(bench *run, loop_teller *tell) {
  midge_reactor_options options = {.wake = bell_ring};
  run->code = EXIT_FAILURE;
  run->clock_offset = clock_offset();
  run->run = (uint32_t)(run->clock_offset / NS_PER_S) ^ (uint32_t)getpid()
                                                            << 16;
  if (!dial_prepare(run)) return;
  if (!bell_open() ||
      midge_reactor_start(&run->reactor, &options) != MIDGE_OK) {
    complain(run->settings, "no thread or file descriptor is left");
    return;
  }
  prctl(PR_SET_TIMERSLACK, 1); /* or each message is 50 µs late */
  run->code = EXIT_SUCCESS;
  run->memory = usage_memory();
  run_to_the_end(run, tell);
  dial_part(run);
  midge_reactor_stop(run->reactor);
  bell_close();
}

void loop_free(bench *run) {
  dial_free(run);
  series_free(&run->series);
}
