/* Messages that wait hold their buffers together. */
#include "engine/events.h"
#include "unit/harness.h"

static midge_events events;

static midge_buffer *new_buffer(void) {
  return midge_buffer_new(&midge_allocator_default, 1);
}

static void push(midge_buffer *buffer, midge_qos qos) {
  midge_queued_message *queued = midge_events_push_message(&events, buffer);
  assert_non_null(queued);
  *queued = (midge_queued_message){.buffer = buffer,
                                   .order = queued->order,
                                   .joins = queued->joins,
                                   .payload_size = 1,
                                   .qos = (uint8_t)qos};
  events.bytes++;
}

static bool next(midge_event *event) {
  midge_owed owed;
  return midge_events_next(&events, event, &owed);
}

/* Ours is one of them. */
static size_t holders(midge_buffer *buffer) {
  return atomic_load(&buffer->holders);
}

static void a_run_in_one_buffer_is_one_holder(void **state) {
  (void)state;
  midge_event event;
  midge_buffer *first = new_buffer(), *second = new_buffer();
  midge_events_init(&events, &midge_allocator_default);
  for (int i = 0; i < 6; i++) push(i < 3 ? first : second, MIDGE_AT_MOST_ONCE);
  assert_int_equal(holders(first), 2);
  for (int i = 0; i < 3; i++) {
    assert_true(next(&event));
    assert_ptr_equal(event.buffer, first);
    assert_int_equal(holders(first), 2);
  }
  assert_true(next(&event)); /* the loan of the last one is over */
  assert_int_equal(holders(first), 1);
  assert_int_equal(holders(second), 2);
  midge_events_free(&events);
  assert_int_equal(holders(second), 1);
  midge_buffer_release(first);
  midge_buffer_release(second);
}

/* Those that the server sends again part from the others, and the one on loan
 * outlives them all. */
static void messages_set_aside_hold_for_themselves(void **state) {
  (void)state;
  midge_event event;
  midge_qos qos;
  uint16_t packet_id;
  midge_buffer *buffer = new_buffer();
  midge_events_init(&events, &midge_allocator_default);
  for (int i = 0; i < 5; i++) push(buffer, i % 2 ? 1 : 0);
  assert_true(next(&event));
  assert_int_equal(holders(buffer), 2);
  midge_events_strand(&events);
  assert_int_equal(holders(buffer), 1 + 1 + 4);
  while (midge_events_drop_stranded(&events, &qos, &packet_id))
    assert_int_equal(qos, MIDGE_AT_LEAST_ONCE);
  assert_int_equal(holders(buffer), 1 + 1 + 2);
  assert_int_equal(events.bytes, 2);
  for (int i = 0; i < 2; i++) {
    assert_true(next(&event));
    assert_int_equal(event.message.qos, MIDGE_AT_MOST_ONCE);
  }
  assert_false(next(&event));
  assert_int_equal(holders(buffer), 1);
  midge_events_free(&events);
  midge_buffer_release(buffer);
}

/* Their number is one of 32 bits, and there are more events than that. */
static void the_order_outlives_its_number(void **state) {
  (void)state;
  midge_event event;
  midge_buffer *buffer = new_buffer();
  midge_events_init(&events, &midge_allocator_default);
  events.orders = UINT32_MAX - 1;
  assert_non_null(midge_events_push(&events, MIDGE_EVENT_OPENED));
  push(buffer, MIDGE_AT_MOST_ONCE);
  assert_non_null(midge_events_push(&events, MIDGE_EVENT_DONE));
  const midge_event_type types[] = {MIDGE_EVENT_OPENED, MIDGE_EVENT_MESSAGE,
                                    MIDGE_EVENT_DONE};
  for (size_t i = 0; i < 3; i++) {
    assert_true(next(&event));
    assert_int_equal(event.type, types[i]);
  }
  assert_false(next(&event));
  midge_events_free(&events);
  midge_buffer_release(buffer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_run_in_one_buffer_is_one_holder),
      cmocka_unit_test(messages_set_aside_hold_for_themselves),
      cmocka_unit_test(the_order_outlives_its_number),
  };
  return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
