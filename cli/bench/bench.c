#include "bench.h"

#include <stdio.h>

void bench_end(bench *run, uint64_t now) {
  if (run->done == 0) run->first = now;
  run->last = now;
  run->done++;
  run->series.done++;
}

void bench_count(bench *run, uint64_t due, uint64_t now) {
  uint64_t latency = now > due ? now - due : 0;
  histogram_add(&run->series.now, latency);
  if (!bench_measures(run, due)) {
    run->series.done++;
    return;
  }
  histogram_add(&run->latency, latency);
  bench_end(run, now);
}

void bench_give_up(bench *run, uint64_t due, uint64_t now) {
  if (bench_measures(run, due)) histogram_add(&run->latency, now - due);
  run->unsent++;
}

void bench_fault(bench *run, midge_status status, midge_slice text) {
  size_t at = 0;
  while (at + 1 < FAULTS_MAX && run->faults[at].count != 0 &&
         run->faults[at].status != status)
    at++;
  fault *of = &run->faults[at];
  if (of->count++ == 0) {
    of->status = status;
    if (text.size == 0) text = text_of(midge_status_text(status));
    snprintf(of->text, sizeof of->text, "%.*s", (int)text.size,
             (const char *)text.data);
  }
  run->errors++;
}

const char *bench_name(bench_kind kind) {
  static const char *const names[] = {"conn", "pub", "sub", "echo"};
  return names[kind];
}
