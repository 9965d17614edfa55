/* Small messages lie in buffers together, large ones alone. */
#include "engine/parking.h"
#include "ledger.h"
#include "unit/harness.h"

static uint8_t bytes[MIDGE_PARKED_TOGETHER];

static midge_parked *park(midge_parking *parking, uint16_t packet_id,
                          size_t size) {
  midge_packet publish = {.type = MIDGE_PUBLISH};
  publish.publish.topic = MIDGE_TEXT("a");
  publish.publish.payload = (midge_slice){bytes, size};
  publish.publish.qos = MIDGE_EXACTLY_ONCE;
  publish.publish.packet_id = packet_id;
  return midge_parking_add(parking, &publish, 0, false);
}

static void take(midge_parking *parking, uint16_t packet_id) {
  midge_parked *parked = midge_parking_find(parking, packet_id);
  midge_buffer *buffer = parked->message.buffer;
  midge_parking_take(parking, parked);
  midge_buffer_release(buffer);
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
  books.fail_at = books.calls + 2;
  assert_null(park(&parking, 1, 30));
  assert_null(midge_parking_find(&parking, 1));
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
  midge_buffer *buffer = old->message.buffer;
  midge_parking_take(&parking, old);
  midge_buffer_release(buffer);
  assert_ptr_equal(midge_parking_find(&parking, 1), next);
  take(&parking, 1);
  midge_parking_free(&parking);
  ledger_check_empty(&books);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_ones_share_a_buffer_and_large_ones_have_their_own),
      cmocka_unit_test(none_that_waits_holds_no_memory),
      cmocka_unit_test(without_memory_it_is_not_there),
      cmocka_unit_test(released_in_any_order_each_is_found),
      cmocka_unit_test(to_find_one_needs_no_memory),
      cmocka_unit_test(a_forgotten_identifier_is_the_next_ones),
  };
  return cmocka_run_group_tests_name("parking", tests, NULL, NULL);
}
