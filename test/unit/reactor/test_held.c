/* What is held for a program that is behind: it is weighed, and let go. */
#include "reactor/event_queue.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

/* Events without bytes are memory, too. */
static void every_event_weighs_something(void **state) {
  (void)state;
  for (int type = MIDGE_EVENT_CONNECTING; type <= MIDGE_EVENT_TRANSPORT;
       type++) {
    midge_event event = {.type = (midge_event_type)type};
    assert_true(midge_event_cost(&event) >= 100);
  }
  midge_event message = {.type = MIDGE_EVENT_MESSAGE};
  size_t empty = midge_event_cost(&message);
  message.message.topic.size = 10;
  message.message.payload.size = 1000;
  message.properties.size = 20;
  assert_int_equal(midge_event_cost(&message), empty + 1030);
}

static void a_small_mark_holds(void **state) {
  (void)state;
  ledger memory;
  ledger_init(&memory);
  midge_gauge *gauge = midge_gauge_new(&memory.allocator, 1000);
  midge_gauge_push(gauge, 999);
  assert_false(midge_gauge_pause(gauge));
  midge_gauge_push(gauge, 1);
  assert_true(midge_gauge_pause(gauge));
  assert_true(midge_gauge_pause(gauge));
  gauge->taken = 499;
  assert_false(midge_gauge_settle(gauge));
  assert_true(midge_gauge_pause(gauge));
  gauge->taken = 500; /* half of it */
  assert_true(midge_gauge_settle(gauge));
  assert_false(midge_gauge_settle(gauge)); /* told once */
  assert_false(midge_gauge_pause(gauge));
  midge_gauge_free(gauge);
  ledger_check_empty(&memory);
}

static void push(midge_event_queue *queue, midge_gauge *gauge, size_t count) {
  const midge_event event = {.type = MIDGE_EVENT_DONE, .origin = gauge};
  for (size_t i = 0; i < count; i++) {
    *midge_event_queue_place(queue) = event;
    midge_event_queue_push(queue);
  }
  midge_event_queue_flush(queue);
}

static void take(midge_event_queue *queue, size_t count) {
  midge_event event;
  bool resumed;
  for (size_t i = 0; i < count; i++)
    assert_true(midge_event_queue_take(queue, &event, 0, &resumed));
  assert_false(midge_event_queue_take(queue, &event, 0, &resumed));
}

static void a_burst_does_not_stay_in_memory(void **state) {
  (void)state;
  midge_event_queue queue;
  ledger memory;
  ledger_init(&memory);
  assert_int_equal(midge_event_queue_init(&queue, &memory.allocator), 0);
  midge_gauge *gauge = midge_gauge_new(&memory.allocator, 0);
  push(&queue, gauge, 100000);
  assert_true(memory.bytes > 1000000);
  take(&queue, 100000);
  for (int i = 0; i < 4; i++) {
    push(&queue, gauge, 10);
    take(&queue, 10);
  }
  assert_true(memory.bytes < 10 * sizeof(midge_event) * 1000);
  midge_event_queue_free(&queue);
  midge_gauge_free(gauge);
  ledger_check_empty(&memory);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_event_weighs_something),
      cmocka_unit_test(a_small_mark_holds),
      cmocka_unit_test(a_burst_does_not_stay_in_memory),
  };
  return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
