/* Who we are to the server, and how that changes between connections. */
#include "base/slice.h"
#include "midge/session.h"
#include "unit/base/ledger.h"
#include "unit/harness.h"

static ledger books;
static midge_session *session;

static void begin(midge_session_options options) {
  ledger_init(&books);
  options.allocator = &books.allocator;
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
}

static void end(void) {
  midge_session_free(session);
  ledger_check_empty(&books);
}

static midge_status become(midge_identity identity) {
  return midge_session_set_identity(session, &identity);
}

/* CONNECT, the first packet of every connection. */
static midge_slice connected(void) {
  static uint8_t room[200];
  midge_slice slices[4];
  size_t size = 0;
  midge_session_connected(session);
  size_t count = midge_session_output(session, slices, 4);
  for (size_t i = 0; i < count; i++) {
    midge_slice_copy(room + size, slices[i]);
    size += slices[i].size;
  }
  return midge_slice_of(room, size);
}

static void disconnected(void) {
  midge_event event;
  midge_session_disconnected(session, false);
  while (midge_session_event(session, &event)) continue;
}

static void expect_connect(bool clean, uint8_t keep_alive_s, const char *id) {
  midge_slice bytes = connected();
  size_t size = strlen(id);
  assert_true(bytes.size > 13 + size);
  assert_int_equal(bytes.data[9] & 2, clean ? 2 : 0);
  assert_int_equal(bytes.data[11], keep_alive_s);
  assert_int_equal(bytes.data[13], 0); /* of the identifier's length */
  assert_int_equal(bytes.data[14], size);
  assert_memory_equal(bytes.data + 15, id, size);
  disconnected();
}

static void the_next_connect_is_another_clients(void **state) {
  (void)state;
  begin((midge_session_options){.client_id = MIDGE_TEXT("one")});
  expect_connect(false, 60, "one");
  midge_identity two = {
      .client_id = MIDGE_TEXT("two"), .clean_start = true, .keep_alive_s = 5};
  assert_int_equal(become(two), MIDGE_OK);
  expect_connect(true, 5, "two");
  assert_int_equal(become((midge_identity){.keep_alive_off = true}), MIDGE_OK);
  expect_connect(false, 0, "two");
  assert_int_equal(become((midge_identity){.client_id = MIDGE_TEXT("")}),
                   MIDGE_OK);
  expect_connect(false, 60, "");
  assert_int_equal(become((midge_identity){.keep_alive_s = 9}), MIDGE_OK);
  expect_connect(false, 9, "");
  end();
}

static void what_cannot_be_changes_nothing(void **state) {
  (void)state;
  static uint8_t zeros[UINT16_MAX + 1];
  midge_identity two = {.client_id = MIDGE_TEXT("two")};
  begin((midge_session_options){.client_id = MIDGE_TEXT("one")});
  midge_identity wrong = {.client_id = midge_slice_of(zeros, sizeof zeros)};
  assert_int_equal(become(wrong), MIDGE_EINVAL);
  wrong.client_id.size = 1;
  assert_int_equal(become(wrong), MIDGE_EUTF8);
  ledger_fail_next(&books);
  assert_int_equal(become(two), MIDGE_ENOMEM);
  expect_connect(false, 60, "one");
  connected();
  assert_int_equal(become(two), MIDGE_EINVAL); /* there is a connection */
  disconnected();
  expect_connect(false, 60, "one");
  end();
}

static void a_durable_session_keeps_its_client(void **state) {
  (void)state;
  begin((midge_session_options){
      .client_id = MIDGE_TEXT("one"), .session_expiry_s = 60, .durable = true});
  assert_int_equal(become((midge_identity){.client_id = MIDGE_TEXT("two")}),
                   MIDGE_ENOTSUP);
  assert_int_equal(become((midge_identity){.clean_start = true}),
                   MIDGE_ENOTSUP);
  assert_int_equal(become((midge_identity){.client_id = MIDGE_TEXT("one"),
                                           .keep_alive_s = 7}),
                   MIDGE_OK);
  end();
}

/* [MQTT-3.1.3-7] of 3.1.1. */
static void before_mqtt_5_a_session_that_lasts_has_a_name(void **state) {
  (void)state;
  begin((midge_session_options){.version = MIDGE_MQTT_3_1_1,
                                .client_id = MIDGE_TEXT("one")});
  midge_identity nameless = {.client_id = MIDGE_TEXT("")};
  assert_int_equal(become(nameless), MIDGE_EINVAL);
  nameless.clean_start = true;
  assert_int_equal(become(nameless), MIDGE_OK);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_next_connect_is_another_clients),
      cmocka_unit_test(what_cannot_be_changes_nothing),
      cmocka_unit_test(a_durable_session_keeps_its_client),
      cmocka_unit_test(before_mqtt_5_a_session_that_lasts_has_a_name),
  };
  return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
