/* Large publishes of a turn of the program, which leave together at its end, on
 * the thread that has made them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/allocator.h"
#include "helping.h"

enum {
  LARGE = 16 * 1024, /* bytes, more than is copied twice */
  TURN = 5,          /* messages that are less than what waits at most */
  MANY = 40,         /* and more than that */
};

/* The payload is a number and blanks. */
static midge_status publish_large(program *p, unsigned long number,
                                  bool followed) {
  char payload[LARGE];
  memset(payload, ' ', sizeof payload);
  int size = snprintf(payload, sizeof payload, "%lu", number);
  payload[size] = ' ';
  midge_publish publish = {
      .topic = MIDGE_TEXT("t"),
      .payload = {(const uint8_t *)payload, sizeof payload},
      .followed = followed,
  };
  return midge_client_publish(p->client, &publish, number + 1);
}

static void expect_in_order(broker *b, unsigned long count) {
  assert_true(broker_expect(b, count));
  for (unsigned long i = 0; i < count; i++)
    assert_int_equal(broker_number(b, i), i);
}

static void publish_turn(program *p, unsigned long *count) {
  for (int i = 0; i < TURN; i++)
    assert_int_equal(publish_large(p, (*count)++, true), MIDGE_OK);
  midge_reactor_uncork(p->reactor);
}

/* A message of QoS 0 is done once it is sent: who sends it wakes the program.
 */
static void large_publishes_are_sent_by_who_makes_them(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  expect_in_order(b, publish_until_woken_here(&p, publish_turn));
  program_stop(&p);
  broker_stop(b);
}

/* None of the turns has an end. */
static void much_does_not_wait_for_the_end_of_a_turn(void **state) {
  (void)state;
  for (int helping = 0; helping < 2; helping++) {
    program p;
    broker *b = broker_start(&(broker_options){0});
    helping_open(&p, b, helping != 0);
    for (unsigned long number = 0; number < MANY; number++)
      assert_int_equal(publish_large(&p, number, true), MIDGE_OK);
    uint64_t until = now_ms() + PATIENCE_MS;
    while (broker_count(b) < MANY / 2 && now_ms() < until) usleep(1000);
    assert_true(broker_count(b) >= MANY / 2);
    midge_reactor_uncork(p.reactor);
    expect_in_order(b, MANY);
    program_stop(&p);
    broker_stop(b);
  }
}

/* Nor does what is urgent, and what is before it. */
static void others_do_not_wait_for_large_ones(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  for (unsigned long number = 0; number < 10; number += 2) {
    assert_int_equal(publish_large(&p, number, true), MIDGE_OK);
    assert_int_equal(publish_number(p.client, number + 1, 0), MIDGE_OK);
    expect_in_order(b, number + 2); /* the reactor sleeps then */
  }
  program_stop(&p);
  broker_stop(b);
}

static void a_wait_is_the_end_of_a_turn(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  assert_int_equal(publish_large(&p, 0, true), MIDGE_OK);
  wait_for_done(&p, 1);
  expect_in_order(b, 1);
  program_stop(&p);
  broker_stop(b);
}

/* Small ones, large ones that nothing follows, and those of QoS 1, for which
 * the program waits too. */
static void order_holds_among_what_waits_and_what_does_not(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  unsigned long number = 0;
  for (int turn = 0; turn < 200; turn++) {
    for (int i = 0; i < turn % 4; i++)
      assert_int_equal(publish_large(&p, number++, true), MIDGE_OK);
    if (turn % 3 == 0)
      assert_int_equal(publish_number(p.client, number++, turn % 2), MIDGE_OK);
    if (turn % 5 == 0)
      assert_int_equal(publish_large(&p, number++, false), MIDGE_OK);
    if (turn % 7 != 0) midge_reactor_uncork(p.reactor);
    if (turn % 11 == 0) take_all(&p);
  }
  wait_for_done(&p, number);
  expect_in_order(b, number);
  program_stop(&p);
  broker_stop(b);
}

static void what_waits_leaves_before_a_goodbye(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  for (unsigned long number = 0; number < TURN; number++)
    assert_int_equal(publish_large(&p, number, true), MIDGE_OK);
  assert_int_equal(midge_client_disconnect(p.client, MIDGE_REASON_SUCCESS,
                                           (midge_properties){0}, false),
                   MIDGE_OK);
  wait_for_end(&p, MIDGE_OK);
  expect_in_order(b, TURN);
  assert_int_equal(p.done, TURN);
  assert_int_equal(p.failures, 0);
  program_stop(&p);
  broker_stop(b);
}

/* Of a reactor that is stopped in the middle of a turn. */
static void what_waits_at_the_end_is_let_go_of(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){0});
  helping_open(&p, b, true);
  for (unsigned long number = 0; number < TURN; number++)
    assert_int_equal(publish_large(&p, number, true), MIDGE_OK);
  program_stop(&p);
  broker_stop(b);
}

/* --- Without memory --- */

static bool is_poor; /* this thread */

static void *resize(void *context, void *block, size_t before, size_t size) {
  if (size != 0 && is_here() && is_poor) return NULL;
  return midge_allocator_default.resize(context, block, before, size);
}

/* More than is copied into a parcel with others. */
static midge_status subscribe_long(program *p) {
  static uint8_t name[LARGE];
  memset(name, 'n', sizeof name);
  const midge_subscription one = {.filter = {name, sizeof name}};
  return midge_client_subscribe(p->client, &one, 1, (midge_request_options){0},
                                1);
}

/* The wish itself has no memory, or what it brings. */
static void expect_no_memory(program *p, bool is_wish) {
  is_poor = true;
  midge_status status =
      is_wish ? subscribe_long(p) : publish_large(p, 1000, true);
  is_poor = false;
  assert_int_equal(status, MIDGE_ENOMEM);
}

/* The reactor sleeps until it is rung for what was before. */
static void what_waits_leaves_though_no_memory_is_left_behind_it(void **state) {
  (void)state;
  static const midge_allocator poor = {resize, NULL};
  program p;
  broker *b = broker_start(&(broker_options){0});
  given_memory = &poor;
  helping_open(&p, b, true);
  given_memory = NULL;
  for (unsigned long number = 0; number < 20; number++) {
    assert_int_equal(publish_large(&p, number, true), MIDGE_OK);
    expect_no_memory(&p, number % 2 == 0);
    midge_reactor_uncork(p.reactor);
    expect_in_order(b, number + 1);
  }
  program_stop(&p);
  broker_stop(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(large_publishes_are_sent_by_who_makes_them),
      cmocka_unit_test(much_does_not_wait_for_the_end_of_a_turn),
      cmocka_unit_test(others_do_not_wait_for_large_ones),
      cmocka_unit_test(a_wait_is_the_end_of_a_turn),
      cmocka_unit_test(order_holds_among_what_waits_and_what_does_not),
      cmocka_unit_test(what_waits_leaves_before_a_goodbye),
      cmocka_unit_test(what_waits_at_the_end_is_let_go_of),
      cmocka_unit_test(what_waits_leaves_though_no_memory_is_left_behind_it),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
