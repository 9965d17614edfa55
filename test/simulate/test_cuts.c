/* Every cut there is, of a few scripts: a subscription, messages of each QoS in
 * both directions, and the end of a subscription, bytewise. The connection is
 * cut behind each byte, in each way, while each of the commits is under way;
 * and then the process dies, or does not. What must hold of it all are the
 * rules of the simulator.
 *
 *     simulate_cuts                 every so many-th of them
 *     simulate_cuts --all           all of them
 *     simulate_cuts 123456          the story of one
 *
 * As in the simulator, workers are processes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "simulate/model.h"

enum {
  SLICE = 11, /* every so many-th */
  WORKERS_MAX = 64,
  PATIENCE_S = 20,  /* of one, of a processor */
  SCRIPT_MS = 1500, /* nothing moves any more then, and no PINGREQ yet */
  KEEP_ALIVE_S = 2, /* so that silence is found out */
  COMMITS_MAX = 64, /* of a script */
  PER_BYTE = CUT_KINDS * CRASH_KINDS,
};

/* --- The scripts -----------------------------------------------------------
 */

typedef struct script {
  midge_version version;
  bool at_once, at_release, by_hand;
} script;

enum { SCRIPTS = 3 * 2 * 2 * 2 };

static script script_of(unsigned number) {
  return (script){
      .version = (midge_version[]){MIDGE_MQTT_5, MIDGE_MQTT_3_1_1,
                                   MIDGE_MQTT_3_1}[number / 8],
      .at_once = number & 1,
      .at_release = (number & 2) != 0,
      .by_hand = (number & 4) != 0,
  };
}

static void set_weather(weather *is, const script *of) {
  *is = (weather){.version = of->version,
                  .broker_version = MIDGE_MQTT_5,
                  .qos_max = MIDGE_EXACTLY_ONCE,
                  .plain = true,
                  .kept = true,
                  .durable = true,
                  .breaks_off = true,
                  .at_release = of->at_release,
                  .by_hand = of->by_hand,
                  .broker_window = 10,
                  .in_flight_max = 10,
                  .receive_max = 10,
                  .keep_alive_s = KEEP_ALIVE_S,
                  .min_ms = 100,
                  .max_ms = 1000,
                  .stable_ms = 300,
                  .connect_timeout_ms = 2000,
                  .close_timeout_ms = 1000,
                  .chunk_max = 1,
                  .write_max = 9000,
                  .pad_max = 3,
                  .pace_ms = 20,
                  .requests = REQUESTS_MAX - 20,
                  .messages = MESSAGES_MAX,
                  .filters = 2};
}

/* The next line of the script, when its time has come. */
static void say(world *w, unsigned line) {
  switch (line) {
    case 0:
      program_connect(w);
      program_subscribe(w, 0);
      return;
    case 1:
    case 2:
    case 3:
      program_publish(w, (midge_qos)(line - 1));
      return;
    case 4:
    case 5:
    case 6:
      broker_publish(w, (midge_qos)(line - 4));
      return;
    case 7:
      program_subscribe(w, 1);
      return;
    default:
      program_unsubscribe(w, 1);
      return;
  }
}

enum { LINES = 9, LINE_MS = SCRIPT_MS / (LINES + 1) };

/* To its end, or to the cut. */
static void play(world *w, const script *of) {
  midge_time begin = w->now;
  unsigned line = 0;
  driver_open(w);
  w->program.next_call = w->program.next_message = MIDGE_NEVER;
  while (!w->plan.done) {
    midge_time due = begin + (of->at_once ? 0 : line * LINE_MS);
    if (of->at_once && line >= 4) due = begin + LINE_MS;
    while (line < LINES && due <= w->now) {
      say(w, line++);
      if (!of->at_once) due += LINE_MS;
    }
    w->wake_at = line < LINES ? due : begin + SCRIPT_MS;
    if (w->now >= begin + SCRIPT_MS) return;
    world_step(w);
  }
}

/* --- The cuts --------------------------------------------------------------
 */

/* How far a script gets while a commit is held up. */
typedef struct reach {
  uint64_t bytes[2];
  bool last; /* all its commits were made */
} reach;

static world *new_world(const script *of, const plan *what, bool verbose) {
  world *w = world_new(1, verbose);
  set_weather(&w->weather, of);
  w->plan = *what;
  w->plan.on = true;
  return w;
}

static reach measure(const script *of, uint64_t hold) {
  plan none = {.hold = hold, .at = UINT64_MAX};
  world *w = new_world(of, &none, false);
  play(w, of);
  reach found = {{w->moved[0], w->moved[1]}, w->disk.commits <= hold};
  world_free(w);
  return found;
}

static void run(const script *of, const plan *what, bool verbose) {
  world *w = new_world(of, what, verbose);
  play(w, of);
  CHECK(w, w->plan.done, "the cut was not reached");
  w->wake_at = MIDGE_NEVER;
  w->program.next_call = w->now;
  world_converge(w);
  world_close(w);
  world_free(w);
}

/* Numbers all cuts, and does those that are asked for. */
typedef struct walk {
  uint64_t next, first, step; /* of them all */
  uint64_t done, *at;
  bool verbose;
} walk;

static void visit(walk *on, const script *of, const plan *what) {
  uint64_t number = on->next++;
  if (number < on->first || (number - on->first) % on->step != 0) return;
  *on->at = number;
  world_watch(PATIENCE_S);
  run(of, what, on->verbose);
  on->done++;
}

static void visit_byte(walk *on, const script *of, plan what) {
  for (unsigned i = 0; i < PER_BYTE; i++) {
    what.kind = i % CUT_KINDS;
    what.crash = i / CUT_KINDS;
    visit(on, of, &what);
  }
}

static void visit_all(walk *on) {
  for (unsigned number = 0; number < SCRIPTS; number++) {
    script of = script_of(number);
    reach far = {0};
    for (uint64_t hold = 0; !far.last; hold++) {
      far = measure(&of, hold);
      for (int direction = 0; direction < 2; direction++)
        for (uint64_t at = 1; at <= far.bytes[direction]; at++)
          visit_byte(
              on, &of,
              (plan){.hold = hold, .to_client = direction == 1, .at = at});
    }
  }
}

/* --- Workers ---------------------------------------------------------------
 */

static uint64_t hits[HIT_COUNT];

static void work(uint64_t first, uint64_t step, int result) {
  uint64_t at = 0;
  walk on = {.first = first, .step = step, .at = &at};
  visit_all(&on);
  uint64_t told[2] = {on.done, on.next};
  _exit(write(result, told, sizeof told) == sizeof told ? 0 : 1);
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_many(uint64_t slice) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  uint64_t workers = cores < 1 ? 1 : cores > WORKERS_MAX ? WORKERS_MAX : cores;
  int result[2], status;
  uint64_t done = 0, all = 0, failed = 0;
  double begin = seconds();
  if (pipe(result) != 0) return 1;
  for (uint64_t i = 0; i < workers; i++)
    if (fork() == 0) work(i * slice, workers * slice, result[1]);
  close(result[1]);
  while (wait(&status) > 0) failed += status != 0;
  uint64_t told[2];
  while (read(result[0], told, sizeof told) == sizeof told) {
    done += told[0];
    all = told[1];
  }
  printf("%llu of %llu cuts, %.0f in a second, %s\n", (unsigned long long)done,
         (unsigned long long)all, (double)done / (seconds() - begin),
         failed == 0 ? "0 violations" : "and violations");
  return failed == 0 && done != 0 ? 0 : 1;
}

int main(int argc, char **argv) {
  world_hits = hits;
  if (argc < 2) return run_many(SLICE);
  if (strcmp(argv[1], "--all") == 0) return run_many(1);
  uint64_t at;
  walk on = {.first = strtoull(argv[1], NULL, 10),
             .step = UINT64_MAX,
             .at = &at,
             .verbose = true};
  setvbuf(stdout, NULL, _IOLBF, 0);
  visit_all(&on);
  return on.done == 1 ? 0 : 1;
}
