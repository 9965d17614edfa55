#include <pthread.h>
#include <string.h>

#include "base/buffer.h"
#include "reactor/event_queue.h"
#include "unit/harness.h"

static midge_event_queue queue;

static void start(size_t bytes_max) {
  assert_int_equal(
      midge_event_queue_init(&queue, &midge_allocator_default, bytes_max), 0);
}

/* A message of `size` bytes in a buffer that only the queue holds. */
static void push(uint64_t number, size_t size) {
  midge_buffer *buffer = midge_buffer_new(&midge_allocator_default, size + 8);
  assert_non_null(buffer);
  memcpy(buffer->data, &number, sizeof number);
  midge_event event = {.type = MIDGE_EVENT_MESSAGE, .buffer = buffer};
  event.message.payload = (midge_slice){buffer->data, size + 8};
  midge_event_queue_push(&queue, &event);
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
  midge_event_queue_free(&queue);
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
  midge_event_queue_free(&queue); /* releases those on loan and those left */
}

static void too_many_bytes_pause_until_half_is_taken(void **state) {
  (void)state;
  start(1000000);
  uint64_t number;
  bool resumed;
  size_t count = 0;
  while (!midge_event_queue_pause(&queue)) {
    push(count++, 1000);
    midge_event_queue_flush(&queue);
  }
  assert_in_range(count, 800, 1000);
  assert_true(midge_event_queue_pause(&queue));
  size_t left = count;
  do {
    assert_true(take(&number, &resumed));
    left--;
  } while (!resumed);
  assert_in_range(left, count / 2 - 100, count / 2 + 1);
  assert_false(midge_event_queue_pause(&queue));
  while (take(&number, &resumed)) assert_false(resumed);
  midge_event_queue_free(&queue);
}

/* Never stuck: the last event taken resumes what was paused. */
static void one_huge_event_pauses_and_resumes(void **state) {
  (void)state;
  start(1000);
  uint64_t number;
  bool resumed;
  push(1, 5000);
  midge_event_queue_flush(&queue);
  assert_true(midge_event_queue_pause(&queue));
  assert_true(take(&number, &resumed));
  assert_false(resumed); /* still on loan */
  assert_false(take(&number, &resumed));
  assert_true(resumed);
  assert_false(midge_event_queue_pause(&queue));
  midge_event_queue_free(&queue);
}

static void waiting_ends_in_time(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  uint64_t before = uv_hrtime();
  assert_false(midge_event_queue_take(&queue, &event, 50, &resumed));
  assert_true(uv_hrtime() - before >= UINT64_C(49000000));
  midge_event_queue_free(&queue);
}

enum { MANY = 300000 };

static void *produce(void *context) {
  for (uint64_t i = 0; i < MANY; i++) {
    push(i, 20);
    if (i % 7 == 0) midge_event_queue_flush(&queue);
    while (midge_event_queue_pause(&queue)) uv_sleep(0);
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
  midge_event_queue_free(&queue);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(events_come_out_in_order_with_their_buffers),
      cmocka_unit_test(there_is_one_wake_for_a_batch),
      cmocka_unit_test(too_many_bytes_pause_until_half_is_taken),
      cmocka_unit_test(one_huge_event_pauses_and_resumes),
      cmocka_unit_test(waiting_ends_in_time),
      cmocka_unit_test(a_reader_and_a_writer_meet),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
