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
  push(3, 1); /* the reader is still at it */
  assert_false(midge_event_queue_flush(&queue));
  for (int i = 0; i < 2; i++) assert_true(take(&number, &resumed));
  push(4, 1);
  assert_false(midge_event_queue_flush(&queue));
  assert_true(take(&number, &resumed));
  assert_false(take(&number, &resumed)); /* it goes away */
  push(5, 1);
  assert_true(midge_event_queue_flush(&queue));
  stop(); /* releases those on loan and those left */
}

static void who_comes_back_for_more_is_not_woken(void **state) {
  (void)state;
  start(0);
  midge_event event;
  uint64_t number;
  bool resumed;
  push(1, 1);
  assert_true(midge_event_queue_flush(&queue));
  assert_true(take(&number, &resumed));
  assert_false(midge_event_queue_more(&queue, &event, &resumed));
  push(2, 1);
  assert_false(midge_event_queue_flush(&queue)); /* it comes back */
  assert_true(midge_event_queue_more(&queue, &event, &resumed));
  assert_false(take(&number, &resumed)); /* it goes away */
  push(3, 1);
  assert_true(midge_event_queue_flush(&queue));
  stop();
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

/* --- Turns --- */

enum {
  QUANTUM = 64 * 1024, /* of a client's turn */
  PARCEL = 16 * 1024,
  PARCELS = 100,
  NEIGHBOUR = 1000000, /* the numbers of its events begin here */
};

/* As `push`, of another client. */
static void push_of(midge_gauge *owner, uint64_t number, size_t size) {
  midge_gauge *before = gauge;
  gauge = owner;
  push(number, size);
  gauge = before;
}

/* How many bytes come before the first event of the neighbour; all before it
 * are the flooded client's, in order from `*flooded` on. */
static size_t bytes_before_neighbour(uint64_t *flooded, size_t size) {
  uint64_t number;
  bool resumed;
  size_t bytes = 0;
  while (assert_true(take(&number, &resumed)), number < NEIGHBOUR) {
    assert_int_equal(number, (*flooded)++);
    bytes += size;
  }
  return bytes;
}

static void a_neighbour_waits_for_one_quantum_of_a_flood(void **state) {
  (void)state;
  start(0);
  midge_gauge *other = midge_gauge_new(&midge_allocator_default, 0);
  uint64_t flooded = 0, number;
  bool resumed;
  for (uint64_t i = 0; i < PARCELS; i++) push(i, PARCEL);
  push_of(other, NEIGHBOUR, 10);
  midge_event_queue_flush(&queue);
  assert_in_range(bytes_before_neighbour(&flooded, PARCEL), 1,
                  QUANTUM + PARCEL);
  while (take(&number, &resumed)) assert_int_equal(number, flooded++);
  assert_int_equal(flooded, PARCELS);
  stop();
  midge_gauge_free(other);
}

/* It comes while the reader is at the flood, and nobody waits for its end. */
static void a_neighbour_that_comes_later_waits_no_longer(void **state) {
  (void)state;
  start(0);
  midge_gauge *other = midge_gauge_new(&midge_allocator_default, 0);
  uint64_t flooded = 0, number;
  bool resumed;
  for (uint64_t i = 0; i < 100 * PARCELS; i++) push(i, 100);
  midge_event_queue_flush(&queue);
  for (int times = 0; times < 3; times++) {
    for (int i = 0; i < 1000; i++) {
      assert_true(take(&number, &resumed));
      assert_int_equal(number, flooded++);
    }
    push_of(other, NEIGHBOUR, 10);
    midge_event_queue_flush(&queue);
    assert_in_range(bytes_before_neighbour(&flooded, 100), 0, QUANTUM);
  }
  stop(); /* and what is left is released */
  midge_gauge_free(other);
}

static void busy_clients_have_equal_parts(void **state) {
  (void)state;
  start(0);
  enum { CLIENTS = 5, EACH = 400 };
  midge_gauge *busy[CLIENTS];
  size_t taken[CLIENTS] = {0};
  for (int i = 0; i < CLIENTS; i++)
    busy[i] = midge_gauge_new(&midge_allocator_default, 0);
  for (uint64_t n = 0; n < (uint64_t)CLIENTS * EACH; n++)
    push_of(busy[n / EACH], n, 1000);
  midge_event_queue_flush(&queue);

  uint64_t number;
  size_t last = CLIENTS, turns = 0;
  bool resumed;
  while (take(&number, &resumed)) {
    size_t who = number / EACH;
    turns += who != last;
    last = who;
    assert_int_equal(number % EACH, taken[who]++);
    for (size_t i = 0; i < CLIENTS && taken[who] < EACH; i++)
      assert_true(taken[i] + QUANTUM / 1000 + 1 >= taken[who]);
  }
  for (int i = 0; i < CLIENTS; i++) assert_int_equal(taken[i], EACH);
  assert_in_range(turns, CLIENTS, 2 * CLIENTS * EACH * 1000 / QUANTUM);
  stop();
  for (int i = 0; i < CLIENTS; i++) midge_gauge_free(busy[i]);
}

/* Events of many clients between each other, taken and pushed in any rhythm. */
static void each_client_keeps_its_order(void **state) {
  (void)state;
  start(0);
  enum { CLIENTS = 7, TIMES = 30000 };
  midge_gauge *clients[CLIENTS];
  uint64_t pushed[CLIENTS] = {0}, taken[CLIENTS] = {0}, number, dice = 1;
  bool resumed;
  for (int i = 0; i < CLIENTS; i++)
    clients[i] = midge_gauge_new(&midge_allocator_default, 0);
  for (int times = 0; times < TIMES; times++) {
    dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
    uint64_t who = (dice >> 33) % CLIENTS;
    for (uint64_t i = 0; i < (dice >> 40) % 4; i++)
      push_of(clients[who], pushed[who]++ * CLIENTS + who, dice >> 54);
    if ((dice >> 44) % 8 == 0) midge_event_queue_flush(&queue);
    for (uint64_t i = 0; i < (dice >> 48) % 4 && take(&number, &resumed); i++)
      assert_int_equal(number / CLIENTS, taken[number % CLIENTS]++);
  }
  midge_event_queue_flush(&queue);
  while (take(&number, &resumed))
    assert_int_equal(number / CLIENTS, taken[number % CLIENTS]++);
  for (int i = 0; i < CLIENTS; i++) assert_int_equal(taken[i], pushed[i]);
  stop();
  for (int i = 0; i < CLIENTS; i++) midge_gauge_free(clients[i]);
}

/* The reader has the gauge from the last event on: others may be behind it. */
static void a_gauge_goes_with_the_last_event_of_its_client(void **state) {
  (void)state;
  start(0);
  midge_event event;
  bool resumed;
  for (int i = 0; i < 3; i++) {
    midge_gauge *ended = midge_gauge_new(&midge_allocator_default, 0);
    push_of(ended, 1, 10);
    *midge_event_queue_place(&queue) =
        (midge_event){.type = MIDGE_EVENT_ENDED, .origin = ended};
    midge_event_queue_push(&queue);
    push(2, 10);
  }
  midge_event_queue_flush(&queue);
  for (int i = 0; i < 6; i++)
    assert_true(midge_event_queue_take(&queue, &event, 0, &resumed));
  stop(); /* what nobody took goes with its gauge too */
}

/* --- Buffers --- */

static void push_in(midge_buffer *buffer) {
  *midge_event_queue_place(&queue) = (midge_event){
      .type = MIDGE_EVENT_MESSAGE, .buffer = buffer, .origin = gauge};
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

/* They may be taken in another order. */
static void events_of_two_clients_do_not_hold_together(void **state) {
  (void)state;
  start(0);
  midge_gauge *own = gauge;
  midge_gauge *other = midge_gauge_new(&midge_allocator_default, 0);
  midge_buffer *buffer = midge_buffer_new(&midge_allocator_default, 1);
  push_in(buffer);
  gauge = other;
  push_in(buffer);
  gauge = own;
  assert_int_equal(holders(buffer), 3);
  stop();
  assert_int_equal(holders(buffer), 1);
  midge_buffer_release(buffer);
  midge_gauge_free(other);
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

/* --- Wakes --- */

static void push_done(uint64_t token, midge_status status) {
  *midge_event_queue_place(&queue) =
      (midge_event){.type = MIDGE_EVENT_DONE,
                    .origin = gauge,
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
  assert_false(midge_event_queue_take(&queue, &event, 0, &resumed));
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
      cmocka_unit_test(who_comes_back_for_more_is_not_woken),
      cmocka_unit_test(too_many_bytes_pause_until_half_is_taken),
      cmocka_unit_test(one_huge_event_pauses_and_resumes),
      cmocka_unit_test(what_is_kept_counts_until_it_is_given_back),
      cmocka_unit_test(each_client_has_a_mark_of_its_own),
      cmocka_unit_test(a_neighbour_waits_for_one_quantum_of_a_flood),
      cmocka_unit_test(a_neighbour_that_comes_later_waits_no_longer),
      cmocka_unit_test(busy_clients_have_equal_parts),
      cmocka_unit_test(each_client_keeps_its_order),
      cmocka_unit_test(a_gauge_goes_with_the_last_event_of_its_client),
      cmocka_unit_test(events_in_one_buffer_hold_it_together_to_the_last),
      cmocka_unit_test(events_of_two_clients_do_not_hold_together),
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
