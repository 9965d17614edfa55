#include "churn.h"

/* How long a client rests whose attempt failed: a server that is gone is not
 * asked again in a busy loop. */
enum { REST_MS = 1000 };

static void part(bench *run, bench_client *client) {
  midge_properties properties =
      settings_properties(run->settings, MIDGE_DISCONNECT);
  client->is_parting = true;
  midge_status status = midge_client_disconnect(
      client->client, MIDGE_REASON_SUCCESS, properties, true);
  (void)status; /* if it is gone already, that is told */
}

void churn_some(bench *run, uint64_t now) {
  waiter *one;
  while ((one = waiting_take(&run->held, now)) != NULL)
    part(run, (bench_client *)one);
  while ((one = waiting_take(&run->resting, now)) != NULL)
    waiting_add(&run->idle, one, 0);
}

static uint64_t first_of(const waiting *of) {
  return of->first == NULL ? MIDGE_NEVER : of->first->until;
}

uint64_t churn_deadline(const bench *run) {
  uint64_t held = first_of(&run->held), rested = first_of(&run->resting);
  return held < rested ? held : rested;
}

void churn_opened(bench *run, bench_client *client, uint64_t now) {
  double hold = run->settings->bench.hold_s * NS_PER_S;
  waiting_add(&run->held, &client->place, now + (uint64_t)hold);
}

void churn_closed(bench *run, bench_client *client) {
  if (!client->is_parting) waiting_leave(&run->held, &client->place);
  waiting_add(&run->idle, &client->place, 0);
}

void churn_failed(bench *run, bench_client *client, uint64_t now) {
  waiting_add(&run->resting, &client->place,
              now + (uint64_t)REST_MS * NS_PER_MS);
}
