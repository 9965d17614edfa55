#include "load.h"

#include "stamp.h"

/* In one go, before events have their turn. */
enum { BURST_MAX = 256 };
/* Under way at most: memory of ours, and no more than a client's queue. */
enum { IN_FLIGHT_MAX = 200000, BYTES_MAX = 128 << 20, WINDOW = 100 };

static bool is_open_loop(const bench *run) {
  return bench_sends(run) && run->settings->bench.rate > 0;
}

static uint64_t window_of(const bench *run) {
  long given = run->settings->in_flight_max;
  return given == 0 ? WINDOW : (uint64_t)given;
}

static bool has_room(const bench *run) {
  uint64_t size = (uint64_t)run->settings->bench.size + 1;
  return run->in_flight < IN_FLIGHT_MAX && run->in_flight * size < BYTES_MAX;
}

/* --- One message --- */

/* False: it cannot be taken now. */
static bool publish(bench *run, bench_client *client, uint64_t due) {
  const cli_settings *settings = run->settings;
  size_t size = (size_t)settings->bench.size;
  stamp mark = {run->run + client->index, client->number,
                due + run->clock_offset};
  if (size >= STAMP_SIZE) stamp_write(run->payload, &mark);
  midge_publish message = {
      .topic = client->topic,
      .payload = {run->payload, size},
      .qos = (midge_qos)settings->qos,
      .properties = settings_properties(settings, MIDGE_PUBLISH),
  };
  /* The echo says more than the acknowledgement before it. */
  uint64_t token = run->kind == BENCH_ECHO ? due | MIDGE_TOKEN_PATIENT : due;
  midge_status status = midge_client_publish(client->client, &message, token);
  if (status == MIDGE_EQUEUE) return false;
  run->next++;
  if (status != MIDGE_OK) {
    bench_fault(run, status, (midge_slice){0});
    return true;
  }
  client->number++;
  client->in_flight++;
  run->in_flight++;
  run->sent++;
  return true;
}

/* --- Closed loop --- */

static void fill_window(bench *run, bench_client *client, uint64_t now) {
  if (is_open_loop(run) || run->phase != PHASE_RUNNING) return;
  while (client->in_flight < window_of(run) && !load_is_over(run, now) &&
         has_room(run)) {
    uint64_t sent = run->sent;
    if (!publish(run, client, clock_now()) || run->sent == sent) return;
  }
}

void load_begin(bench *run, uint64_t now) {
  for (size_t i = 0; i < run->count; i++)
    fill_window(run, &run->clients[i], now);
}

void load_ended(bench *run, bench_client *client, uint64_t count,
                uint64_t now) {
  if (count > client->in_flight) count = client->in_flight;
  client->in_flight -= count;
  run->in_flight -= count;
  fill_window(run, client, now);
}

void load_reopened(bench *run, bench_client *client, uint64_t now) {
  if (run->kind == BENCH_ECHO) load_ended(run, client, client->in_flight, now);
}

/* --- Open loop --- */

void load_some(bench *run, uint64_t now) {
  if (!is_open_loop(run)) return;
  for (int i = 0; i < BURST_MAX; i++) {
    uint64_t due = bench_due(run, run->next);
    if (due > now || due >= run->over || run->next >= bench_total(run) ||
        !has_room(run))
      return;
    if (!publish(run, &run->clients[run->next % run->count], due)) return;
    now = clock_now();
    if (bench_measures(run, due)) histogram_add(&run->late, now - due);
  }
}

uint64_t load_deadline(const bench *run) {
  if (!is_open_loop(run) || run->next >= bench_total(run) || !has_room(run))
    return MIDGE_NEVER;
  uint64_t due = bench_due(run, run->next);
  return due < run->over ? due : MIDGE_NEVER;
}

bool load_is_over(const bench *run, uint64_t now) {
  if (run->next >= bench_total(run)) return true;
  if (!is_open_loop(run)) return now >= run->over;
  return bench_due(run, run->next) >= run->over;
}

void load_give_up(bench *run, uint64_t now) {
  if (!is_open_loop(run)) return;
  uint64_t until = run->over < now ? run->over : now;
  while (run->next < bench_total(run) && bench_due(run, run->next) < until)
    bench_give_up(run, bench_due(run, run->next++), now);
}
