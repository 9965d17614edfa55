#include <pthread.h>
#include <string.h>

#include "base/buffer.h"
#include "reactor/event_queue.h"
#include "unit/harness.h"

static midge_event_queue queue;
static midge_gauge *gauge;

static void start(size_t bytes_max) {
  assert_int_equal(midge_event_queue_init(&queue, &midge_allocator_default), 0);
  gauge = midge_gauge_new(&midge_allocator_default, bytes_max);
  assert_non_null(gauge);
}

static void stop(void) {
  midge_event_queue_free(&queue);
  midge_gauge_free(gauge);
}

/* A message of `size` bytes in a buffer that only the queue holds. */
static void push(uint64_t number, size_t size) {
  midge_buffer *buffer = midge_buffer_new(&midge_allocator_default, size + 8);
  assert_non_null(buffer);
  memcpy(buffer->data, &number, sizeof number);
  midge_event event = {
      .type = MIDGE_EVENT_MESSAGE, .buffer = buffer, .origin = gauge};
  event.message.payload = (midge_slice){buffer->data, size + 8};
  *midge_event_queue_place(&queue) = event;
  midge_event_queue_push(&queue);
  midge_buffer_release(buffer);
}

static bool take(uint64_t *number, bool *resumed) {
  midge_event event;
  if (!midge_event_queue_take(&queue, &event, 0, resumed)) return false;
  memcpy(number, event.message.payload.data, sizeof *number);
  return true;
}

static void events_come_out_in_order_with_their_buffers(void **state) {
  (void)state;
  start(0);
  uint64_t pushed = 0, taken = 0, number;
  bool resumed;
  for (int round = 0; round < 200; round++) {
    for (int i = 0; i < round; i++) push(pushed++, 10);
    midge_event_queue_flush(&queue);
    for (int i = 0; i < round / 2; i++) {
      assert_true(take(&number, &resumed));
      assert_int_equal(number, taken++);
    }
  }
  while (take(&number, &resumed)) assert_int_equal(number, taken++);
  assert_int_equal(taken, pushed);
  stop();
}

static void there_is_one_wake_for_a_batch(void **state) {
  (void)state;
  start(0);
  uint64_t number;
  bool resumed;
  assert_false(midge_event_queue_flush(&queue)); /* nothing to tell of */
  push(1, 1);
  assert_true(midge_event_queue_flush(&queue));
  push(2, 1);
  assert_false(midge_event_queue_flush(&queue));
  assert_true(take(&number, &resumed));
  push(3, 1); /* the reader has swapped: the queue was empty again */
  assert_true(midge_event_queue_flush(&queue));
  stop(); /* releases those on loan and those left */
}

static void too_many_bytes_pause_until_half_is_taken(void **state) {
  (void)state;
  start(1000000);
  uint64_t number;
  bool resumed;
  size_t count = 0;
  while (!midge_gauge_pause(gauge)) {
    push(count++, 1000);
    midge_event_queue_flush(&queue);
  }
  assert_in_range(count, 800, 1000);
  assert_true(midge_gauge_pause(gauge));
  size_t left = count;
  do {
    assert_true(take(&number, &resumed));
    left--;
  } while (!resumed);
  assert_in_range(left, count / 2 - 100, count / 2 + 1);
  assert_false(midge_gauge_pause(gauge));
  while (take(&number, &resumed)) assert_false(resumed);
  stop();
}

/* Never stuck: the last event taken resumes what was paused. */
static void one_huge_event_pauses_and_resumes(void **state) {
  (void)state;
  start(1000);
  uint64_t number;
  bool resumed;
  push(1, 5000);
  midge_event_queue_flush(&queue);
  assert_true(midge_gauge_pause(gauge));
  assert_true(take(&number, &resumed));
  assert_false(resumed); /* still on loan */
  assert_false(take(&number, &resumed));
  assert_true(resumed);
  assert_false(midge_gauge_pause(gauge));
  stop();
}

/* What a blocking call has set aside is not yet with the program. */
static void what_is_kept_counts_until_it_is_given_back(void **state) {
  (void)state;
  start(1000);
  midge_event event, kept;
  bool resumed;
  push(1, 5000);
  midge_event_queue_flush(&queue);
  assert_true(midge_gauge_pause(gauge));
  assert_true(midge_event_queue_take(&queue, &kept, 0, &resumed));
  midge_buffer_hold(kept.buffer);
  midge_event_queue_keep(&queue);
  assert_false(midge_event_queue_take(&queue, &event, 0, &resumed));
  assert_false(resumed);
  assert_true(midge_gauge_pause(gauge));
  midge_buffer_release(kept.buffer);
  resumed = midge_event_queue_give_back(&queue, &kept);
  if (!resumed)
    assert_false(midge_event_queue_take(&queue, &event, 0, &resumed));
  assert_true(resumed);
  assert_false(midge_gauge_pause(gauge));
  stop();
}

/* Of two clients only the one that floods is held back. */
static void each_client_has_a_mark_of_its_own(void **state) {
  (void)state;
  start(1000);
  midge_gauge *flooded = gauge;
  midge_gauge *other = midge_gauge_new(&midge_allocator_default, 1000);
  push(1, 5000);
  gauge = other;
  push(2, 10);
  assert_true(midge_gauge_pause(flooded));
  assert_false(midge_gauge_pause(other));
  gauge = flooded;
  stop();
  midge_gauge_free(other);
}

static void push_in(midge_buffer *buffer) {
  *midge_event_queue_place(&queue) =
      (midge_event){.type = MIDGE_EVENT_MESSAGE, .buffer = buffer};
  midge_event_queue_push(&queue);
}

/* Ours is one of them. */
static size_t holders(midge_buffer *buffer) {
  return atomic_load(&buffer->holders);
}

static void events_in_one_buffer_hold_it_together_to_the_last(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  midge_buffer *buffer = midge_buffer_new(&midge_allocator_default, 1);
  for (int i = 0; i < 5; i++) push_in(buffer);
  assert_int_equal(holders(buffer), 2);
  midge_event_queue_flush(&queue);
  push_in(buffer); /* joins them where the lists meet */
  push_in(buffer);
  midge_event_queue_flush(&queue);
  assert_int_equal(holders(buffer), 2);
  push_in(buffer); /* behind the list that is about to be taken */
  for (int i = 0; i < 8; i++) {
    if (i == 7) midge_event_queue_flush(&queue);
    assert_true(midge_event_queue_take(&queue, &event, 0, &resumed));
    assert_int_equal(holders(buffer), i < 7 ? 3 : 2);
  }
  assert_false(midge_event_queue_take(&queue, &event, 0, &resumed));
  assert_int_equal(holders(buffer), 1);
  midge_buffer_release(buffer);
  stop();
}

static void what_is_left_of_a_buffer_is_released_at_the_end(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  midge_buffer *first = midge_buffer_new(&midge_allocator_default, 1);
  midge_buffer *second = midge_buffer_new(&midge_allocator_default, 1);
  for (int i = 0; i < 6; i++) push_in(i < 3 ? first : second);
  midge_event_queue_flush(&queue);
  for (int i = 0; i < 2; i++)
    assert_true(midge_event_queue_take(&queue, &event, 0, &resumed));
  push_in(second);
  stop();
  assert_int_equal(holders(first), 1);
  assert_int_equal(holders(second), 1);
  midge_buffer_release(first);
  midge_buffer_release(second);
}

static void push_done(uint64_t token, midge_status status) {
  *midge_event_queue_place(&queue) =
      (midge_event){.type = MIDGE_EVENT_DONE,
                    .done.token = token | MIDGE_TOKEN_PATIENT,
                    .done.status = status};
  midge_event_queue_push(&queue);
}

static void a_success_that_nobody_waits_for_wakes_nobody(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  push_done(1, MIDGE_OK);
  assert_false(midge_event_queue_flush(&queue));
  assert_true(queue.is_quiet);
  push_done(2, MIDGE_OK);
  assert_false(midge_event_queue_flush(&queue));
  push(3, 1); /* this is waited for, and they go with it */
  assert_true(midge_event_queue_flush(&queue));
  assert_false(queue.is_quiet);
  push_done(4, MIDGE_OK); /* the reader will come anyway */
  assert_false(midge_event_queue_flush(&queue));
  assert_false(queue.is_quiet);
  for (int i = 0; i < 4; i++)
    assert_true(midge_event_queue_take(&queue, &event, 0, &resumed));
  assert_int_equal(event.done.token, 4 | MIDGE_TOKEN_PATIENT);
  push_done(5, MIDGE_ECLOSED);
  assert_true(midge_event_queue_flush(&queue));
  stop();
}

static void many_of_them_are_told_at_once(void **state) {
  (void)state;
  start(0);
  int count = 0;
  do {
    assert_in_range(count, 0, 100);
    push_done((uint64_t)++count, MIDGE_OK);
  } while (!midge_event_queue_flush(&queue));
  assert_in_range(count, 10, 100);
  stop();
}

static void what_was_held_back_long_enough_wakes_once(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  assert_false(midge_event_queue_hurry(&queue)); /* there is nothing */
  push_done(1, MIDGE_OK);
  midge_event_queue_flush(&queue);
  assert_true(midge_event_queue_hurry(&queue));
  assert_false(midge_event_queue_hurry(&queue)); /* it is on its way */
  assert_true(midge_event_queue_take(&queue, &event, 0, &resumed));
  push_done(2, MIDGE_OK);
  midge_event_queue_flush(&queue);
  assert_true(midge_event_queue_take(&queue, &event, 0, &resumed));
  assert_false(midge_event_queue_hurry(&queue)); /* it has come by itself */
  stop();
}

/* Else a client that is held back for them would stand still. */
static void they_can_be_urged(void **state) {
  (void)state;
  start(0);
  midge_event_queue_urge(&queue);
  assert_false(midge_event_queue_flush(&queue)); /* there is nothing */
  push_done(1, MIDGE_OK);
  queue.is_urgent = false;
  assert_false(midge_event_queue_flush(&queue));
  midge_event_queue_urge(&queue);
  assert_true(midge_event_queue_flush(&queue));
  assert_false(midge_event_queue_flush(&queue));
  stop();
}

static void waiting_ends_in_time(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  uint64_t before = uv_hrtime();
  assert_false(midge_event_queue_take(&queue, &event, 50, &resumed));
  assert_true(uv_hrtime() - before >= UINT64_C(49000000));
  stop();
}

enum { MANY = 300000 };

static void *produce(void *context) {
  for (uint64_t i = 0; i < MANY; i++) {
    push(i, 20);
    if (i % 7 == 0) midge_event_queue_flush(&queue);
    while (midge_gauge_pause(gauge)) uv_sleep(0);
  }
  midge_event_queue_flush(&queue);
  return context;
}

static void a_reader_and_a_writer_meet(void **state) {
  (void)state;
  start(100000);
  pthread_t thread;
  midge_event event;
  bool resumed;
  pthread_create(&thread, NULL, produce, NULL);
  for (uint64_t i = 0; i < MANY; i++) {
    uint64_t number;
    assert_true(midge_event_queue_take(&queue, &event, MIDGE_NEVER, &resumed));
    memcpy(&number, event.message.payload.data, sizeof number);
    assert_int_equal(number, i);
  }
  pthread_join(thread, NULL);
  stop();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_come_out_in_order_with_their_buffers),
      cmocka_unit_test(there_is_one_wake_for_a_batch),
      cmocka_unit_test(too_many_bytes_pause_until_half_is_taken),
      cmocka_unit_test(one_huge_event_pauses_and_resumes),
      cmocka_unit_test(what_is_kept_counts_until_it_is_given_back),
      cmocka_unit_test(each_client_has_a_mark_of_its_own),
      cmocka_unit_test(events_in_one_buffer_hold_it_together_to_the_last),
      cmocka_unit_test(what_is_left_of_a_buffer_is_released_at_the_end),
      cmocka_unit_test(a_success_that_nobody_waits_for_wakes_nobody),
      cmocka_unit_test(many_of_them_are_told_at_once),
      cmocka_unit_test(what_was_held_back_long_enough_wakes_once),
      cmocka_unit_test(they_can_be_urged),
      cmocka_unit_test(waiting_ends_in_time),
      cmocka_unit_test(a_reader_and_a_writer_meet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
