/* Where a packet's bytes lie until it is whole. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/receiver.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

enum {
  PACKET = 1 << 20, /* bytes */
  READ = 64 * 1024, /* that come at once */
  LITTLE = 32 * 1024,
};

static uint8_t byte_at(size_t at) {
  return (uint8_t)(at * 7 + at / 251);
}

static void begin(midge_receiver *receiver, size_t come) {
  uint8_t *bytes = malloc(come);
  assert_non_null(bytes);
  for (size_t i = 0; i < come; i++) bytes[i] = byte_at(i);
  midge_receiver_init(receiver, &midge_allocator_default);
  assert_true(midge_receiver_add(receiver, midge_slice_of(bytes, come)));
  receiver->packet_size = PACKET;
  free(bytes);
}

static void expect_bytes(const midge_receiver *receiver, size_t size) {
  midge_slice bytes = midge_receiver_bytes(receiver);
  assert_int_equal(bytes.size, size);
  for (size_t i = 0; i < size; i++) assert_int_equal(bytes.data[i], byte_at(i));
}

static void a_large_packet_is_written_where_it_lies(void **state) {
  (void)state;
  midge_receiver receiver;
  size_t come = 1000, size;
  uint8_t *place;
  begin(&receiver, come);
  while ((place = midge_receiver_room(&receiver, READ, &size)) != NULL) {
    assert_in_range(size, LITTLE, READ);
    assert_true(come + size <= PACKET);
    for (size_t i = 0; i < size; i++) place[i] = byte_at(come + i);
    assert_true(midge_receiver_add(&receiver, midge_slice_of(place, size)));
    come += size;
    assert_ptr_equal(midge_receiver_bytes(&receiver).data + come, place + size);
  }
  assert_in_range(PACKET - come, 0, LITTLE - 1);
  expect_bytes(&receiver, come);
  midge_receiver_clear(&receiver);
}

/* However much a server says that will come. */
static void room_is_no_more_than_four_times_what_came(void **state) {
  (void)state;
  midge_receiver receiver;
  size_t come = READ, size;
  uint8_t *place;
  begin(&receiver, come);
  while ((place = midge_receiver_room(&receiver, READ, &size)) != NULL) {
    assert_true(receiver.buffer->size <= 4 * come);
    for (size_t i = 0; i < size; i++) place[i] = byte_at(come + i);
    assert_true(midge_receiver_add(&receiver, midge_slice_of(place, size)));
    come += size;
  }
  assert_int_equal(receiver.buffer->size, PACKET);
  midge_receiver_clear(&receiver);
}

static void other_bytes_may_come_than_those_there_was_room_for(void **state) {
  (void)state;
  midge_receiver receiver;
  uint8_t bytes[100];
  size_t size;
  begin(&receiver, 5000);
  assert_non_null(midge_receiver_room(&receiver, READ, &size));
  for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = byte_at(5000 + i);
  assert_true(
      midge_receiver_add(&receiver, midge_slice_of(bytes, sizeof bytes)));
  expect_bytes(&receiver, 5100);
  midge_receiver_clear(&receiver);
}

/* There may be what others read since. */
static void what_is_behind_lent_bytes_is_left_alone(void **state) {
  (void)state;
  enum { LENT = 1000 };
  midge_buffer *buffer = midge_buffer_new(&midge_allocator_default, PACKET);
  assert_non_null(buffer);
  for (int fetched = 0; fetched < 2; fetched++) {
    midge_receiver receiver;
    uint8_t rest[LITTLE];
    size_t size = sizeof rest;
    for (size_t i = 0; i < LENT; i++) buffer->data[i] = byte_at(i);
    memset(buffer->data + LENT, 255, PACKET - LENT);
    midge_receiver_init(&receiver, &midge_allocator_default);
    midge_receiver_lend(&receiver, midge_slice_of(buffer->data, LENT), buffer);
    receiver.packet_size = PACKET;
    uint8_t *place = rest;
    if (fetched) place = midge_receiver_room(&receiver, LITTLE, &size);
    assert_non_null(place);
    for (size_t i = 0; i < size; i++) place[i] = byte_at(LENT + i);
    assert_true(midge_receiver_add(&receiver, midge_slice_of(place, size)));
    expect_bytes(&receiver, LENT + size);
    for (size_t i = LENT; i < PACKET; i++)
      assert_int_equal(buffer->data[i], 255);
    midge_receiver_clear(&receiver);
  }
  midge_buffer_release(buffer);
}

static void there_is_no_room_for_what_is_not_known(void **state) {
  (void)state;
  midge_receiver receiver;
  size_t size;
  midge_receiver_init(&receiver, &midge_allocator_default);
  assert_null(midge_receiver_room(&receiver, READ, &size));
  begin(&receiver, 10);
  receiver.packet_size = 0;
  assert_null(midge_receiver_room(&receiver, READ, &size));
  receiver.packet_size = 10 + LITTLE - 1;
  assert_null(midge_receiver_room(&receiver, READ, &size));
  receiver.packet_size = 10 + LITTLE;
  assert_non_null(midge_receiver_room(&receiver, READ, &size));
  assert_int_equal(size, LITTLE);
  midge_receiver_clear(&receiver);
}

static void what_is_known_of_a_packet_ends_with_it(void **state) {
  (void)state;
  midge_receiver receiver;
  begin(&receiver, 5000);
  midge_receiver_take(&receiver, 100);
  assert_int_equal(receiver.packet_size, 0);
  receiver.known_topic =
      midge_slice_of(midge_receiver_bytes(&receiver).data, 10);
  uint8_t more[READ] = {0};
  assert_true(midge_receiver_add(&receiver, midge_slice_of(more, sizeof more)));
  assert_null(receiver.known_topic.data); /* the bytes have moved */
  midge_receiver_clear(&receiver);
}

static void without_memory_there_is_none(void **state) {
  (void)state;
  ledger memory;
  midge_receiver receiver;
  size_t size;
  begin(&receiver, 5000);
  ledger_init(&memory);
  memory.fails = true;
  receiver.allocator = &memory.allocator;
  assert_null(midge_receiver_room(&receiver, READ, &size));
  expect_bytes(&receiver, 5000);
  midge_receiver_clear(&receiver);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_large_packet_is_written_where_it_lies),
      cmocka_unit_test(room_is_no_more_than_four_times_what_came),
      cmocka_unit_test(other_bytes_may_come_than_those_there_was_room_for),
      cmocka_unit_test(what_is_behind_lent_bytes_is_left_alone),
      cmocka_unit_test(there_is_no_room_for_what_is_not_known),
      cmocka_unit_test(what_is_known_of_a_packet_ends_with_it),
      cmocka_unit_test(without_memory_there_is_none),
  };
  return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
