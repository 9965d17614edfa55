/* Clients in bad weather: everything drawn from a seed, so that a seed that
 * fails fails again.
 *
 *     simulate_simulate                   the first two thousand seeds
 *     simulate_simulate 123               seed 123, and its story
 *     simulate_simulate --seeds 100000    so many, on every core
 *     simulate_simulate --first 10000     up to the first that fails
 *
 * A worker is a process of its own, so that one that dies on a seed takes none
 * of the others with it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "simulate/model.h"

enum {
  SEEDS = 2000,
  SEEDS_TO_HIT_ALL = SEEDS, /* fewer need not have seen every fault */
  TWICE_EVERY = 50,         /* run again: the same seed is the same story */
  WORKERS_MAX = 64,
  PATIENCE_S = 20, /* of one seed, of a processor */
};

typedef struct worker {
  pid_t process;
  uint64_t next, step, last; /* seeds: the one it is at, and where to go */
  uint64_t hits[HIT_COUNT];
} worker;

static void work(worker *me) {
  world_hits = me->hits;
  for (; me->next <= me->last; me->next += me->step) {
    world_watch(PATIENCE_S);
    uint64_t trace = world_run(me->next, false);
    if (me->next % TWICE_EVERY != 0) continue;
    if (world_run(me->next, false) == trace) continue;
    fprintf(stderr, "seed %llu is not the same twice\n",
            (unsigned long long)me->next);
    abort();
  }
  _exit(0);
}

static void start(worker *it) {
  fflush(NULL);
  pid_t process = fork();
  if (process == 0) work(it);
  it->process = process;
}

/* Waits for them all; a worker that dies is followed by one that goes on
 * behind the seed. How many seeds failed. */
static uint64_t run_workers(worker *workers, size_t count, bool first_only) {
  uint64_t failed = 0;
  size_t alive = count;
  for (size_t i = 0; i < count; i++) start(&workers[i]);
  while (alive > 0) {
    int status;
    pid_t process = wait(&status);
    worker *it = workers;
    while (it < workers + count && it->process != process) it++;
    if (it == workers + count) continue;
    alive--;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    printf("seed %llu failed\n", (unsigned long long)it->next);
    failed++;
    it->next += it->step;
    if (first_only) {
      for (size_t i = 0; i < count; i++) {
        if (workers[i].last > it->next) workers[i].last = it->next;
      }
    }
    if (it->next > it->last) continue;
    start(it);
    alive++;
  }
  return failed;
}

static bool report_hits(const worker *workers, size_t count, bool all) {
  bool good = true;
  for (int i = 0; i < HIT_COUNT; i++) {
    uint64_t sum = 0;
    for (size_t j = 0; j < count; j++) sum += workers[j].hits[i];
    printf("%-20s %llu\n", hit_names[i], (unsigned long long)sum);
    if (sum != 0 || !all) continue;
    printf("    never happened\n");
    good = false;
  }
  return good;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int run_many(uint64_t seeds, bool first_only) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  size_t count = cores < 1             ? 1
                 : cores > WORKERS_MAX ? WORKERS_MAX
                                       : (size_t)cores;
  worker *workers = mmap(NULL, count * sizeof *workers, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (size_t i = 0; i < count; i++)
    workers[i] = (worker){.next = i + 1, .step = count, .last = seeds};
  double begin = seconds();
  uint64_t failed = run_workers(workers, count, first_only);
  double took = seconds() - begin;
  bool all = seeds >= SEEDS_TO_HIT_ALL && !first_only;
  bool good = first_only || report_hits(workers, count, all);
  printf("%llu seeds, %.0f in a second, %llu violations\n",
         (unsigned long long)seeds, (double)seeds / took,
         (unsigned long long)failed);
  munmap(workers, count * sizeof *workers);
  return failed == 0 && good ? 0 : 1;
}

int main(int argc, char **argv) {
  uint64_t hits[HIT_COUNT];
  if (argc > 2 && strcmp(argv[1], "--seeds") == 0)
    return run_many(strtoull(argv[2], NULL, 10), false);
  if (argc > 2 && strcmp(argv[1], "--first") == 0)
    return run_many(strtoull(argv[2], NULL, 10), true);
  if (argc < 2) return run_many(SEEDS, false);
  world_hits = hits;
  setvbuf(stdout, NULL, _IOLBF, 0);
  world_run(strtoull(argv[1], NULL, 10), true);
  return 0;
}
