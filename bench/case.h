/* One case, as the program of one client sees it: what to do (from the command
 * line) and how to say when half of it was done and when all was. The twin of
 * case.js, where the arguments are explained.
 *
 *   url=<scheme://host:port>
 * work=publish|receive|echo|open|offline|fill|recover qos=<n> count=<n>
 * extra=<n> size=<bytes> ca=<file> window=<n> style=<how> limit=<n>
 * store=<kind> folder=<path>
 */
#ifndef MIDGE_BENCH_CASE_H
#define MIDGE_BENCH_CASE_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BENCH_ECHO_TOPIC "bench/echo"

typedef struct bench_case {
  const char *url, *ca_file, *work, *style;
  const char *folder; /* where messages are kept; null: in memory */
  char scheme[8], host[64];
  int port;
  int qos;
  uint64_t count, total; /* measured, and with those that come after */
  size_t size;
  uint64_t window;
  int limit; /* of messages in flight, where a client has one; 0: its default */
  /* The sink reports when as many publishes have come as the id says. */
  char client_id[64];
  char topic[64]; /* to publish to or to subscribe to */
  char *payload;
  bool connected;
  uint64_t sent, finished; /* publishes begun and ended, or messages received */
  uint64_t written_ns;     /* the echo under way: when it was published */
  uint32_t *echoes_ns;     /* how long each of the second half took */
  long memory;             /* what the process held with the first few */
} bench_case;

static inline void bench_fail(const char *what, int code) {
  fprintf(stderr, "%s: %d\n", what, code);
  _exit(1);
}

/* CLOCK_MONOTONIC, the clock of the sink and of Node's process.hrtime. */
static inline uint64_t bench_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static inline void bench_say(const char *what) {
  printf("%s %" PRIu64 "\n", what, bench_now());
  fflush(stdout);
}

/* One more message was acknowledged or received, or connection opened. */
static inline void bench_finish_one(bench_case *bench) {
  bench->finished++;
  if (bench->finished == bench->count / 2) bench_say("start");
  if (bench->finished == bench->count) bench_say("end");
  if (bench->finished == bench->total) bench_say("done");
}

static inline void bench_receive(bench_case *bench, size_t size) {
  if (size != bench->size) bench_fail("wrong size", (int)size);
  bench_finish_one(bench);
}

static inline bool bench_does(const bench_case *bench, const char *work) {
  return !strcmp(bench->work, work);
}

/* --- Echoes --- */

static inline int bench_compare(const void *a, const void *b) {
  uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
  return (left > right) - (left < right);
}

static inline void bench_tell_latency(const bench_case *bench) {
  uint64_t count = bench->count - bench->count / 2;
  qsort(bench->echoes_ns, count, sizeof *bench->echoes_ns, bench_compare);
  printf("latency %" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
         bench->echoes_ns[count / 2], bench->echoes_ns[count * 99 / 100],
         bench->echoes_ns[count * 999 / 1000]);
  fflush(stdout);
}

/* The echo has come back; true: publish the next one. */
static inline bool bench_take_echo(bench_case *bench, size_t size) {
  uint64_t now = bench_now(), half = bench->count / 2;
  if (bench->finished >= half)
    bench->echoes_ns[bench->finished - half] =
        (uint32_t)(now - bench->written_ns);
  bench_receive(bench, size);
  if (bench->finished == bench->count) bench_tell_latency(bench);
  bench->written_ns = bench_now();
  return bench->finished < bench->count;
}

/* --- Memory --- */

/* Bytes that are resident. */
static inline long bench_memory(void) {
  long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &total, &resident) != 2)
    bench_fail("/proc/self/statm", 0);
  fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
}

/* What a process holds with so few connections or messages is not theirs ... */
static inline uint64_t bench_first(const bench_case *bench) {
  return bench->count / 10;
}

/* ... and this is what the others add. */
static inline void bench_weigh_first(bench_case *bench) {
  bench->memory = bench_memory();
}

static inline void bench_weigh_rest(const bench_case *bench) {
  printf("memory %f\n", (double)(bench_memory() - bench->memory) /
                            (double)(bench->count - bench_first(bench)));
  fflush(stdout);
}

/* The store is open and nothing is sent yet: says what the process holds. */
static inline void bench_tell_held(void) {
  char line[128];
  long resident = 0, anonymous = 0;
  FILE *file = fopen("/proc/self/status", "r");
  if (!file) bench_fail("/proc/self/status", 0);
  while (fgets(line, sizeof line, file))
    if (sscanf(line, "VmRSS: %ld", &resident) == 0)
      sscanf(line, "RssAnon: %ld", &anonymous);
  fclose(file);
  printf("held %ld %ld\n", resident, anonymous);
}

/* --- Arguments --- */

/* Null if it is not there. */
static inline const char *bench_option(int argc, char **argv,
                                       const char *name) {
  size_t size = strlen(name);
  for (int i = 1; i < argc; i++)
    if (!strncmp(argv[i], name, size) && argv[i][size] == '=')
      return argv[i] + size + 1;
  return NULL;
}

static inline const char *bench_argument(int argc, char **argv,
                                         const char *name) {
  const char *value = bench_option(argc, argv, name);
  if (value) return value;
  fprintf(stderr, "usage: %s name=value..., see case.h; no %s\n", argv[0],
          name);
  exit(2);
}

static inline bool bench_is_stored(const bench_case *bench) {
  return bench_does(bench, "fill") || bench_does(bench, "recover");
}

static inline void bench_name(bench_case *bench) {
  bool is_counted = bench_does(bench, "publish") ||
                    bench_does(bench, "offline") || bench_is_stored(bench);
  uint64_t expected = is_counted ? bench->count : 0;
  char whose[16] = "stored"; /* of more than one process */
  if (!bench_is_stored(bench))
    snprintf(whose, sizeof whose, "%d", (int)getpid());
  snprintf(bench->client_id, sizeof bench->client_id, "bench-%s-%" PRIu64,
           whose, expected);
  snprintf(bench->topic, sizeof bench->topic, "bench/publish");
  if (bench_does(bench, "echo"))
    snprintf(bench->topic, sizeof bench->topic, BENCH_ECHO_TOPIC);
  if (bench_does(bench, "receive"))
    snprintf(bench->topic, sizeof bench->topic,
             "bench/%d/%" PRIu64 "/%zu/%" PRIu64, bench->qos, bench->total,
             bench->size, bench->window);
}

static inline bench_case bench_read(int argc, char **argv) {
  bench_case bench = {.url = bench_argument(argc, argv, "url"),
                      .work = bench_argument(argc, argv, "work"),
                      .style = bench_argument(argc, argv, "style"),
                      .ca_file = bench_argument(argc, argv, "ca"),
                      .folder = bench_option(argc, argv, "folder")};
  if (sscanf(bench.url, "%7[a-z]://%63[^:]:%d", bench.scheme, bench.host,
             &bench.port) != 3)
    bench_fail("not a URL", 0);
  bench.qos = atoi(bench_argument(argc, argv, "qos"));
  bench.count = strtoull(bench_argument(argc, argv, "count"), NULL, 10);
  bench.total =
      bench.count + strtoull(bench_argument(argc, argv, "extra"), NULL, 10);
  bench.size = strtoul(bench_argument(argc, argv, "size"), NULL, 10);
  bench.window = strtoull(bench_argument(argc, argv, "window"), NULL, 10);
  bench.limit = atoi(bench_argument(argc, argv, "limit"));
  bench_name(&bench);
  bench.payload = malloc(bench.size + 1);
  bench.echoes_ns = malloc((bench.count + 1) * sizeof *bench.echoes_ns);
  if (!bench.payload || !bench.echoes_ns) bench_fail("no memory", 0);
  for (size_t i = 0; i < bench.size; i++)
    bench.payload[i] = (char)('a' + i % 26);
  return bench;
}

#endif
