/* What a client has done, told while it goes on. */
#include "program.h"
#include "reactor/tally.h"

static midge_stats stats_of(const midge_tally *tally) {
  midge_stats stats = {0};
  midge_tally_read(tally, &stats);
  return stats;
}

static void measure(midge_tally *tally, uint64_t ms) {
  midge_tally_trips(tally, (midge_round_trips){tally->trip_count + 1, ms});
}

static void percentiles_are_not_far_off(void **state) {
  (void)state;
  midge_tally tally;
  midge_tally_init(&tally, &midge_allocator_default);
  assert_int_equal(stats_of(&tally).round_trips.p99_ms, 0);
  for (uint64_t ms = 1; ms <= 1000; ms++) measure(&tally, ms);
  midge_tally_trips(&tally, (midge_round_trips){1000, 77}); /* the same again */
  midge_stats stats = stats_of(&tally);
  assert_int_equal(stats.round_trips.count, 1000);
  assert_in_range(stats.round_trips.p50_ms, 500, 600);
  assert_in_range(stats.round_trips.p90_ms, 900, 1000);
  assert_in_range(stats.round_trips.p99_ms, 990, 1000);
  assert_int_equal(stats.round_trips.max_ms, 1000);
  midge_tally_free(&tally);
}

static void short_ones_are_exact_and_long_ones_have_a_place(void **state) {
  (void)state;
  midge_tally tally;
  midge_tally_init(&tally, &midge_allocator_default);
  for (int i = 0; i < 98; i++) measure(&tally, (uint64_t)i % 2 + 3);
  measure(&tally, 1000000);
  measure(&tally, UINT64_MAX);
  midge_stats stats = stats_of(&tally);
  assert_int_equal(stats.round_trips.p50_ms, 4);
  assert_int_equal(stats.round_trips.p90_ms, 4);
  assert_true(stats.round_trips.p99_ms == UINT64_MAX);
  assert_true(stats.round_trips.max_ms == UINT64_MAX);
  midge_tally_free(&tally);
}

static void causes_are_counted_each(void **state) {
  (void)state;
  midge_tally tally;
  midge_tally_init(&tally, &midge_allocator_default);
  midge_event closed = {.type = MIDGE_EVENT_CLOSED};
  midge_tally_event(&tally, &closed); /* as it was wished */
  for (int i = 0; i < 2 * MIDGE_STATS_CAUSES; i++) {
    closed.closed.status = (midge_status)(-100 - i);
    midge_tally_event(&tally, &closed);
    midge_tally_event(&tally, &closed);
  }
  midge_stats stats = stats_of(&tally);
  for (int i = 0; i < MIDGE_STATS_CAUSES; i++) {
    assert_int_equal(stats.causes[i].status, -100 - i);
    int count = i < MIDGE_STATS_CAUSES - 1 ? 2 : 2 * MIDGE_STATS_CAUSES + 2;
    assert_int_equal(stats.causes[i].count, count);
  }
  midge_tally_free(&tally);
}

static void a_client_tells_what_it_has_done(void **state) {
  (void)state;
  program p;
  midge_stats stats;
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b), &(midge_client_options){0});
  midge_client_stats(p.client, &stats);
  assert_int_equal(stats.attempts + stats.connections, 0);
  wait_until_opened(&p);
  for (unsigned long n = 0; n < 50; n++)
    assert_int_equal(publish_number(p.client, n, MIDGE_AT_LEAST_ONCE),
                     MIDGE_OK);
  wait_for_done(&p, 50);
  broker_drop(b);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  wait_for(&p, MIDGE_EVENT_OPENED);
  midge_client_stats(p.client, &stats);
  assert_int_equal(stats.queue_messages, 0);
  assert_int_equal(stats.queue_bytes, 0);
  assert_int_equal(stats.in_flight, 0);
  assert_in_range(stats.bytes_sent, 50 * 5, 50 * 100);
  assert_in_range(stats.bytes_received, 50 * 4, 50 * 100);
  assert_int_equal(stats.attempts, broker_connections(b));
  assert_int_equal(stats.connections, 2);
  assert_int_equal(stats.causes[0].status, MIDGE_ELOST);
  assert_int_equal(stats.causes[0].count, 1);
  assert_int_equal(stats.causes[1].count, 0);
  assert_in_range(stats.round_trips.count, 1, 50);
  program_stop(&p);
  broker_stop(b);
}

static void what_is_under_way_is_told(void **state) {
  (void)state;
  program p;
  midge_stats stats = {0};
  broker *b = broker_start(&(broker_options){.deaf_after_connack = true});
  program_start(&p, url_of(b), &(midge_client_options){0});
  wait_until_opened(&p);
  assert_int_equal(publish_number(p.client, 1, MIDGE_AT_LEAST_ONCE), MIDGE_OK);
  assert_int_equal(publish_number(p.client, 2, MIDGE_EXACTLY_ONCE), MIDGE_OK);
  while (stats.in_flight != 2) midge_client_stats(p.client, &stats);
  assert_int_equal(stats.queue_messages, 2);
  assert_true(stats.queue_bytes > 0);
  assert_int_equal(stats.round_trips.count, 0);
  program_stop(&p);
  broker_stop(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(percentiles_are_not_far_off),
      cmocka_unit_test(short_ones_are_exact_and_long_ones_have_a_place),
      cmocka_unit_test(causes_are_counted_each),
      cmocka_unit_test(a_client_tells_what_it_has_done),
      cmocka_unit_test(what_is_under_way_is_told),
  };
  return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
