/* Sessions in bad weather: a link that is cut at any byte, a journal that is
 * slow, a process that dies, a broker that forgets; everything drawn from a
 * seed, so that a seed that fails fails again.
 *
 *     simulate_simulate              the first few hundred seeds
 *     simulate_simulate 123          seed 123, and what it was like
 *     simulate_simulate 1000 9000    all of these */
#include <stdio.h>
#include <stdlib.h>

#include "simulate/model.h"

enum {
  SEEDS = 300,
  TWICE_EVERY = 20, /* run again: the same seed is the same story */
};

int main(int argc, char **argv) {
  uint64_t first = 1, last = SEEDS;
  if (argc > 1) first = last = strtoull(argv[1], NULL, 10);
  if (argc > 2) last = strtoull(argv[2], NULL, 10);
  for (uint64_t seed = first; seed <= last; seed++) {
    uint64_t trace = world_run(seed, argc == 2);
    if (seed % TWICE_EVERY != 0) continue;
    if (world_run(seed, false) == trace) continue;
    fprintf(stderr, "seed %llu is not the same twice\n",
            (unsigned long long)seed);
    return 1;
  }
  printf("%llu seeds\n", (unsigned long long)(last - first + 1));
  return 0;
}
