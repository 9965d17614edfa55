#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/message.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static midge_message *message_of(size_t payload_size) {
  uint8_t *payload = calloc(1, payload_size + 1);
  midge_publish publish = {.topic = MIDGE_TEXT("t"),
                           .payload = {payload, payload_size},
                           .qos = MIDGE_AT_LEAST_ONCE};
  midge_message *message =
      midge_message_new(&midge_allocator_default, &publish, publish.topic, 0);
  assert_non_null(message);
  free(payload);
  return message;
}

/* 1 byte, the length, 2 + 1 of topic, 2 of identifier, 1 of properties. */
static void the_size_grows_with_the_length_field(void **state) {
  (void)state;
  static const struct {
    size_t payload, size;
  } cases[] = {
      {0, 8},         {121, 129},         {122, 131},        {16377, 16386},
      {16378, 16388}, {2097145, 2097155}, {2097146, 2097157}};
  midge_message_form form = {.version = MIDGE_MQTT_5};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    midge_message *message = message_of(cases[i].payload);
    assert_int_equal(midge_message_size(message, &form), cases[i].size);
    midge_message_release(message);
  }
}

static void a_draft_has_its_bytes_in_place(void **state) {
  (void)state;
  midge_publish publish = {.topic = MIDGE_TEXT("t"),
                           .payload = MIDGE_TEXT("large"),
                           .qos = MIDGE_EXACTLY_ONCE,
                           .retain = true,
                           .ttl_ms = 5,
                           .label = 9};
  const midge_publish given = publish;
  midge_buffer *draft = midge_message_draft(&midge_allocator_default, &publish);
  assert_non_null(draft);
  assert_ptr_not_equal(publish.payload.data, given.payload.data);
  midge_message *message = midge_message_of_draft(draft, &publish, 100);
  midge_buffer_release(draft);
  assert_ptr_equal(message->buffer, draft);
  assert_true(midge_slice_equal(midge_message_topic(message), given.topic));
  assert_true(midge_slice_equal(midge_message_payload(message), given.payload));
  assert_int_equal(midge_message_properties(message).size, 0);
  assert_int_equal(message->qos, MIDGE_EXACTLY_ONCE);
  assert_true(message->retain);
  assert_int_equal(message->label, 9);
  assert_int_equal(message->expires, 105);
  assert_int_equal(message->owner.sent_by, 105);
  midge_message_release(message);
}

/* What was given stays as it is. */
static void without_memory_there_is_no_draft(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_publish publish = {.topic = MIDGE_TEXT("t"),
                           .payload = MIDGE_TEXT("large")};
  const midge_publish given = publish;
  ledger_fail_next(&books);
  assert_null(midge_message_draft(&books.allocator, &publish));
  assert_ptr_equal(publish.topic.data, given.topic.data);
  assert_ptr_equal(publish.payload.data, given.payload.data);
  ledger_check_empty(&books);
}

/* The largest remaining length is 268,435,455. */
static void a_packet_larger_than_mqtt_allows_has_no_size(void **state) {
  (void)state;
  midge_message_form form = {.version = MIDGE_MQTT_5};
  midge_message *message = message_of(268435455 - 6);
  assert_int_equal(midge_message_size(message, &form), 268435460);
  midge_message_release(message);
  message = message_of(268435455 - 5);
  assert_int_equal(midge_message_size(message, &form), 0);
  midge_message_release(message);
}

static void expect_bad(const uint8_t *head, size_t size, midge_slice body) {
  midge_status status = MIDGE_OK;
  assert_null(midge_message_from_record(
      &midge_allocator_default, midge_slice_of(head, size), body, &status));
  assert_int_equal(status, MIDGE_EINVAL);
}

static void a_record_comes_back_as_the_message(void **state) {
  (void)state;
  midge_publish publish = {
      .topic = MIDGE_TEXT("a/b"),
      .payload = MIDGE_TEXT("xyz"),
      .qos = MIDGE_EXACTLY_ONCE,
      .retain = true,
      .ttl_ms = 2000,
      .label = UINT64_C(0x0102030405060708),
      .properties = MIDGE_PROPERTIES(
          {.id = MIDGE_MESSAGE_EXPIRY_INTERVAL, .number = 5},
          {.id = MIDGE_TOPIC_ALIAS, .number = 300},
          {.id = MIDGE_CONTENT_TYPE, .value = MIDGE_TEXT("c")})};
  midge_message *message = midge_message_new(&midge_allocator_default, &publish,
                                             publish.topic, 1000);
  uint8_t head[MIDGE_RECORD_HEAD_MAX];
  size_t size = midge_message_to_record(message, head);
  midge_slice body = midge_message_content(message);
  assert_int_equal(body.size, 3 + 4 + 3);
  midge_status status;
  midge_message *back = midge_message_from_record(
      &midge_allocator_default, midge_slice_of(head, size), body, &status);
  assert_non_null(back);
  assert_int_equal(status, MIDGE_OK);
  assert_int_equal(back->qos, MIDGE_EXACTLY_ONCE);
  assert_true(back->retain);
  assert_int_equal(back->alias, 300);
  assert_true(back->expires == 6000);
  assert_true(back->owner.sent_by == 3000);
  assert_true(back->owner.answered_by == MIDGE_NEVER);
  assert_true(back->label == publish.label);
  assert_true(midge_slice_equal(midge_message_topic(back), MIDGE_TEXT("a/b")));
  assert_true(
      midge_slice_equal(midge_message_payload(back), MIDGE_TEXT("xyz")));
  assert_true(midge_slice_equal(midge_message_properties(back),
                                midge_message_properties(message)));
  midge_message_release(back);

  /* Of another size, of no QoS, larger than itself. */
  expect_bad(head, size - 1, body);
  head[0] = 3 << 1;
  expect_bad(head, size, body);
  head[0] = 1 << 1;
  head[27] = 0xff; /* of the topic */
  expect_bad(head, size, body);
  head[27] = 0;
  head[29] = 0x01; /* of the properties */
  expect_bad(head, size, body);
  midge_message_release(message);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_size_grows_with_the_length_field),
      cmocka_unit_test(a_packet_larger_than_mqtt_allows_has_no_size),
      cmocka_unit_test(a_draft_has_its_bytes_in_place),
      cmocka_unit_test(without_memory_there_is_no_draft),
      cmocka_unit_test(a_record_comes_back_as_the_message),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
