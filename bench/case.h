/* One case, as the program of one client sees it: what to do (from the command
 * line) and how to say when half of it was done and when all was. The twin of
 * case.js.
 *
 *   <url> publish|receive <qos> <count> <size> <CA file> */
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

typedef struct bench_case {
  const char *url, *ca_file, *direction;
  bool publishes, receives;
  char scheme[8], host[64];
  int port;
  int qos;
  uint64_t count;
  size_t size;
  /* The sink reports when as many publishes have come as the id says. */
  char client_id[64];
  char topic[64]; /* to publish to or to subscribe to */
  char *payload;
  bool connected;
  uint64_t sent, finished; /* publishes begun and ended, or messages received */
} bench_case;

static inline void bench_fail(const char *what, int code) {
  fprintf(stderr, "%s: %d\n", what, code);
  _exit(1);
}

/* CLOCK_MONOTONIC, the clock of the sink and of Node's process.hrtime. */
static inline void bench_say(const char *what) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("%s %" PRIu64 "\n", what,
         (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
  fflush(stdout);
}

/* One more message was acknowledged or received. */
static inline void bench_finish_one(bench_case *bench) {
  bench->finished++;
  if (bench->finished == bench->count / 2) bench_say("start");
  if (bench->finished == bench->count) bench_say("end");
}

static inline void bench_receive(bench_case *bench, size_t size) {
  if (size != bench->size) bench_fail("wrong size", (int)size);
  bench_finish_one(bench);
}

static inline bench_case bench_read(int argc, char **argv) {
  bench_case bench = {0};
  if (argc != 7 || sscanf(argv[1], "%7[a-z]://%63[^:]:%d", bench.scheme,
                          bench.host, &bench.port) != 3) {
    fprintf(stderr,
            "usage: %s scheme://host:port publish|receive "
            "<qos> <count> <size> <CA file>\n",
            argv[0]);
    exit(2);
  }
  bench.url = argv[1];
  bench.direction = argv[2];
  bench.publishes = !strcmp(argv[2], "publish");
  bench.receives = !strcmp(argv[2], "receive");
  bench.qos = atoi(argv[3]);
  bench.count = strtoull(argv[4], NULL, 10);
  bench.size = strtoul(argv[5], NULL, 10);
  bench.ca_file = argv[6];
  snprintf(bench.client_id, sizeof bench.client_id, "bench-%d-%" PRIu64,
           (int)getpid(), bench.publishes ? bench.count : 0);
  if (bench.publishes)
    snprintf(bench.topic, sizeof bench.topic, "bench/publish");
  else
    snprintf(bench.topic, sizeof bench.topic, "bench/%d/%" PRIu64 "/%zu",
             bench.qos, bench.count, bench.size);
  bench.payload = malloc(bench.size + 1);
  if (!bench.payload) bench_fail("no memory", 0);
  for (size_t i = 0; i < bench.size; i++)
    bench.payload[i] = (char)('a' + i % 26);
  return bench;
}

#endif
