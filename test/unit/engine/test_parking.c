/* Messages stay where they lie as long as that holds little else; copies of
 * small ones lie in buffers together, those of large ones alone. */
#include "engine/parking.h"
#include "ledger.h"
#include "unit/harness.h"

static uint8_t bytes[MIDGE_PARKED_TOGETHER];

static midge_packet packet(uint16_t packet_id, midge_slice topic,
                           midge_slice payload) {
  midge_packet publish = {.type = MIDGE_PUBLISH};
  publish.publish.topic = topic;
  publish.publish.payload = payload;
  publish.publish.qos = MIDGE_EXACTLY_ONCE;
  publish.publish.packet_id = packet_id;
  return publish;
}

static midge_parked *park(midge_parking *parking, uint16_t packet_id,
                          size_t size) {
  midge_packet publish =
      packet(packet_id, MIDGE_TEXT("a"), (midge_slice){bytes, size});
  return midge_parking_add(parking, &publish, 0, false, NULL);
}

/* One that lies in `buffer`: its identifier says where. */
static midge_parked *park_in(midge_parking *parking, uint16_t packet_id,
                             midge_buffer *buffer) {
  uint8_t *at = buffer->data + 8 * packet_id;
  at[0] = 'a';
  midge_packet publish =
      packet(packet_id, (midge_slice){at, 1}, (midge_slice){at + 1, 7});
  return midge_parking_add(parking, &publish, 0, false, buffer);
}

static void take(midge_parking *parking, uint16_t packet_id) {
  midge_parking_take(parking, midge_parking_find(parking, packet_id));
}

static size_t holders_of(midge_buffer *buffer) {
  return atomic_load(&buffer->holders);
}

static void where_they_lie_they_have_one_holder(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  midge_buffer *read = midge_buffer_new(&books.allocator, 64 * 1024);
  for (uint16_t id = 1; id <= 5; id++) {
    const midge_parked *parked = park_in(&parking, id, read);
    assert_ptr_equal(parked->message.buffer, read);
    assert_int_equal(parked->message.topic_at, 8 * id);
    assert_int_equal(holders_of(read), 2);
  }
  static const uint16_t orders[][5] = {
      {1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {3, 5, 1, 4, 2}};
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    for (size_t j = 0; j < 5; j++) {
      assert_int_equal(holders_of(read), 2);
      assert_int_equal(parking.held, read->size);
      take(&parking, orders[i][j]);
    }
    assert_int_equal(holders_of(read), 1);
    assert_int_equal(parking.held, 0);
    for (uint16_t id = 1; id <= 5; id++) park_in(&parking, id, read);
  }
  midge_parking_clear(&parking);
  assert_int_equal(holders_of(read), 1);
  midge_buffer_release(read);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void each_run_in_a_buffer_holds_it(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  midge_buffer *read = midge_buffer_new(&books.allocator, 64 * 1024);
  midge_buffer *other = midge_buffer_new(&books.allocator, 64 * 1024);
  for (uint16_t id = 1; id <= 2; id++) park_in(&parking, id, read);
  park_in(&parking, 3, other);
  for (uint16_t id = 4; id <= 5; id++) park_in(&parking, id, read);
  assert_int_equal(holders_of(read), 3);
  take(&parking, 3); /* the two meet, and each has its holder */
  assert_int_equal(holders_of(other), 1);
  take(&parking, 2);
  assert_int_equal(holders_of(read), 3);
  take(&parking, 1);
  assert_int_equal(holders_of(read), 2);
  take(&parking, 5);
  take(&parking, 4);
  assert_int_equal(holders_of(read), 1);
  midge_buffer_release(read);
  midge_buffer_release(other);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

/* A server may have one of each buffer wait, and give up the rest. */
static void what_is_held_for_others_has_a_limit(void **state) {
  (void)state;
  enum { SIZE = 64 * 1024, MOST = MIDGE_PARKED_HELD_MAX / SIZE };
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  midge_buffer *read = NULL;
  for (uint16_t id = 1; id <= MOST; id++) {
    midge_buffer_release(read);
    read = midge_buffer_new(&books.allocator, SIZE);
    assert_ptr_equal(park_in(&parking, id, read)->message.buffer, read);
  }
  midge_buffer *more = midge_buffer_new(&books.allocator, SIZE);
  assert_ptr_equal(park_in(&parking, MOST + 1, read)->message.buffer, read);
  midge_parked *copied = park_in(&parking, MOST + 2, more);
  assert_ptr_not_equal(copied->message.buffer, more);
  assert_int_equal(midge_received_content(&copied->message).size, 8);
  /* One that is most of its buffer is as large as a copy. */
  midge_packet large = packet(MOST + 3, (midge_slice){more->data, 1},
                              (midge_slice){more->data + 1, SIZE / 2});
  assert_ptr_equal(
      midge_parking_add(&parking, &large, 0, false, more)->message.buffer,
      more);
  take(&parking, MOST + 3);
  take(&parking, MOST + 2);
  take(&parking, 1);
  take(&parking, 2);
  assert_ptr_equal(park_in(&parking, 1, more)->message.buffer, more);
  midge_buffer_release(read);
  midge_buffer_release(more);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void small_ones_share_a_buffer_and_large_ones_have_their_own(
    void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  midge_buffer *first = park(&parking, 1, 30)->message.buffer;
  assert_ptr_equal(park(&parking, 2, 31)->message.buffer, first);
  assert_ptr_not_equal(park(&parking, 3, 600)->message.buffer, first);
  assert_ptr_equal(park(&parking, 4, 0)->message.buffer, first);
  uint16_t id = 5;
  while (park(&parking, id, 30)->message.buffer == first) id++;
  assert_true(id > 6);
  for (uint16_t one = 1; one <= id; one++) {
    const midge_parked *parked = midge_parking_find(&parking, one);
    midge_slice content = midge_received_content(&parked->message);
    assert_int_equal(content.data[0], 'a');
    assert_int_equal(content.size, 1 + parked->message.payload_size);
  }
  for (uint16_t one = id; one >= 1; one--) take(&parking, one);
  assert_int_equal(parking.bytes, 0);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void none_that_waits_holds_no_memory(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  assert_true(midge_map_reserve(&parking.by_id, 1));
  size_t blocks = books.blocks;
  assert_non_null(park(&parking, 1, 30));
  take(&parking, 1);
  assert_int_equal(books.blocks, blocks);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void without_memory_it_is_not_there(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  for (size_t size = 30; size <= 600; size += 570) {
    ledger_fail_next(&books);
    assert_null(park(&parking, 1, size));
    assert_null(midge_parking_find(&parking, 1));
  }
  for (size_t step = 2; step <= 3; step++) { /* for the map, for its place */
    books.fail_at = books.calls + step;
    assert_null(park(&parking, 1, 30));
    assert_null(midge_parking_find(&parking, 1));
    assert_int_equal(parking.held, 0);
    midge_parking_free(&parking);
    midge_parking_init(&parking, &books.allocator);
  }
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void released_in_any_order_each_is_found(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  for (uint16_t id = 1; id <= 6; id++) assert_non_null(park(&parking, id, 30));
  static const uint16_t released[] = {1, 4, 2, 6, 3, 5};
  for (size_t i = 0; i < sizeof released / sizeof *released; i++) {
    uint16_t more = (uint16_t)(i + 7);
    assert_non_null(park(&parking, more, 30));
    assert_int_equal(midge_parking_find(&parking, more)->message.packet_id,
                     more);
    assert_non_null(park(&parking, (uint16_t)(more + 10), 30));
    take(&parking, released[i]);
    assert_null(midge_parking_find(&parking, released[i]));
  }
  for (uint16_t id = 12; id >= 7; id--) take(&parking, id);
  for (uint16_t id = 17; id <= 22; id++) {
    assert_int_equal(parking.first->message.packet_id, id);
    take(&parking, id);
  }
  assert_null(parking.first);
  assert_int_equal(parking.by_id.count, 0);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void to_find_one_needs_no_memory(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  for (uint16_t id = 1; id <= 40; id++) assert_non_null(park(&parking, id, 0));
  size_t calls = books.calls;
  for (uint16_t id = 40; id >= 1; id--) take(&parking, id);
  assert_int_equal(books.calls, calls);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

static void a_forgotten_identifier_is_the_next_ones(void **state) {
  (void)state;
  ledger books;
  midge_parking parking;
  ledger_init(&books);
  midge_parking_init(&parking, &books.allocator);
  midge_parked *old = park(&parking, 1, 30);
  assert_ptr_equal(midge_parking_find(&parking, 1), old);
  midge_parking_forget_ids(&parking);
  assert_null(midge_parking_find(&parking, 1));
  midge_parked *next = park(&parking, 1, 30);
  assert_ptr_equal(midge_parking_find(&parking, 1), next);
  assert_ptr_equal(parking.first, old);
  midge_parking_take(&parking, old);
  assert_ptr_equal(midge_parking_find(&parking, 1), next);
  take(&parking, 1);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(where_they_lie_they_have_one_holder),
      cmocka_unit_test(each_run_in_a_buffer_holds_it),
      cmocka_unit_test(what_is_held_for_others_has_a_limit),
      cmocka_unit_test(small_ones_share_a_buffer_and_large_ones_have_their_own),
      cmocka_unit_test(none_that_waits_holds_no_memory),
      cmocka_unit_test(without_memory_it_is_not_there),
      cmocka_unit_test(released_in_any_order_each_is_found),
      cmocka_unit_test(to_find_one_needs_no_memory),
      cmocka_unit_test(a_forgotten_identifier_is_the_next_ones),
  };
  return cmocka_run_group_tests_name("parking", tests, NULL, NULL);
}
