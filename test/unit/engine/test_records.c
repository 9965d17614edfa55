/* Records that no session wrote, though their checksums are right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants those before it. */
#include <cmocka.h>

#include "engine/record_queue.h"
#include "engine/records.h"
#include "engine/state.h"

static midge_session *session_new(void) {
  midge_session *session = NULL;
  midge_session_options options = {.session_expiry_s = 60, .durable = true};
  assert_int_equal(midge_session_new(&session, &options), MIDGE_OK);
  return session;
}

static midge_status restore(midge_session *session, uint64_t key,
                            const void *bytes, size_t size) {
  midge_buffer *value = midge_record_seal(
      &session->records, (midge_slice){(const uint8_t *)bytes, size});
  midge_status status =
      midge_session_restore(session, key, midge_buffer_slice(value));
  midge_buffer_release(value);
  return status;
}

/* qos and retain, alias, expiry, size of the topic and of the properties. */
#define MESSAGE(topic) \
  "\x02\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01\x00\x00\x00\x00" topic
#define MESSAGE_SIZE (sizeof MESSAGE("t") - 1)
/* State, identifier, order. */
#define MARK(state, id) state "\x00" id "\x00\x00\x00\x00\x00\x00\x00\x01"

static void keys_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  assert_int_equal(restore(session, 0, MESSAGE("t"), MESSAGE_SIZE),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND, "", 0), MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND | 65536, "", 0),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, MIDGE_KEY_INBOUND | 65535, "", 0),
                   MIDGE_OK);
  midge_session_free(session);
}

static void messages_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  assert_int_equal(restore(session, 1, MESSAGE("#"), MESSAGE_SIZE),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, 5, MESSAGE("t"), MESSAGE_SIZE), MIDGE_OK);
  assert_int_equal(restore(session, 4, MESSAGE("t"), MESSAGE_SIZE),
                   MIDGE_EINVAL);
  assert_int_equal(midge_session_unfinished(session), 1);
  midge_session_free(session);
}

static void marks_that_no_session_writes(void **state) {
  (void)state;
  midge_session *session = session_new();
  for (uint64_t key = 1; key < 6; key++) {
    assert_int_equal(restore(session, key, MESSAGE("t"), MESSAGE_SIZE),
                     MIDGE_OK);
  }
  uint64_t mark = MIDGE_KEY_MARK;
  assert_int_equal(restore(session, mark | 1, MARK("\x01", "\x01"), 10),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x00", "\x01"), 11),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x03", "\x01"), 11),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x01", "\x00"), 11),
                   MIDGE_EINVAL);
  assert_int_equal(restore(session, mark | 1, MARK("\x01", "\x09"), 11),
                   MIDGE_OK);
  assert_int_equal(restore(session, mark | 2, MARK("\x01", "\x09"), 11),
                   MIDGE_EINVAL);
  /* Of no message, or not of the oldest without one: cleared away. */
  midge_record record;
  assert_false(midge_session_record(session, &record));
  assert_int_equal(restore(session, mark | 4, MARK("\x01", "\x0a"), 11),
                   MIDGE_OK);
  assert_int_equal(restore(session, mark | 99, MARK("\x01", "\x0b"), 11),
                   MIDGE_OK);
  assert_true(midge_session_record(session, &record));
  assert_true(record.key == (mark | 4) && record.value.size == 0);
  assert_true(midge_session_record(session, &record));
  assert_true(record.key == (mark | 99) && record.value.size == 0);
  assert_false(midge_session_record(session, &record));
  midge_session_free(session);
}

static void what_was_cancelled_leaves_its_key(void **state) {
  (void)state;
  midge_session *session = session_new();
  midge_publish publish = {.topic = MIDGE_TEXT("t"), .qos = 1};
  assert_int_equal(midge_session_publish(session, &publish, 1), MIDGE_OK);
  assert_int_equal(midge_session_publish(session, &publish, 2), MIDGE_OK);
  assert_int_equal(midge_session_cancel(session, 1), MIDGE_OK);
  assert_int_equal(midge_session_cancel(session, 2), MIDGE_OK);
  assert_int_equal(restore(session, 1, MESSAGE("t"), MESSAGE_SIZE), MIDGE_OK);
  midge_session_free(session);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_that_no_session_writes),
      cmocka_unit_test(messages_that_no_session_writes),
      cmocka_unit_test(marks_that_no_session_writes),
      cmocka_unit_test(what_was_cancelled_leaves_its_key),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
