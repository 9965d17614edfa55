/* The head of an HTTP response: where it ends, and what it cannot be. */
#include "base/slice.h"
#include "filter/http_head.h"
#include "test.h"

static midge_http_progress read_head(midge_http_head *head, midge_slice bytes,
                                     size_t cut) {
  midge_http_progress progress = MIDGE_HTTP_MORE;
  midge_http_head_init(head, &midge_allocator_default);
  while (bytes.size != 0 && progress == MIDGE_HTTP_MORE) {
    midge_slice piece = bytes;
    if (piece.size > cut) piece.size = cut;
    size_t taken;
    progress = midge_http_head_received(head, piece, &taken);
    bytes = midge_slice_skip(bytes, taken);
  }
  return progress;
}

static void expect(midge_slice bytes, midge_http_progress expected) {
  for (size_t cut = 1; cut <= bytes.size; cut++) {
    midge_http_head head;
    assert_int_equal(read_head(&head, bytes, cut), expected);
    midge_http_head_free(&head);
  }
}

static void test_the_end_is_found_wherever_it_begins(void **state) {
  (void)state;
  expect(MIDGE_TEXT("HTTP/1.1 200 OK\r\n\r\n"), MIDGE_HTTP_DONE);
  expect(MIDGE_TEXT("HTTP/1.1 200 OK\r\na: b\r\n\r\n"), MIDGE_HTTP_DONE);
  expect(MIDGE_TEXT("HTTP/1.1 200 OK\r\n\n\r\n"), MIDGE_HTTP_MORE);
  /* The second CR may begin the end, and the first is no part of a value. */
  expect(MIDGE_TEXT("HTTP/1.1 200 OK\r\na: b\r\r\n\r\n"), MIDGE_HTTP_MALFORMED);
  expect(MIDGE_TEXT("HTTP/1.1 200 OK\r\na: b\r\n\r\r\n\r\n"),
         MIDGE_HTTP_MALFORMED);
}

static void test_a_status_has_three_digits(void **state) {
  (void)state;
  expect(MIDGE_TEXT("HTTP/1.1 200\r\n\r\n"), MIDGE_HTTP_DONE);
  expect(MIDGE_TEXT("HTTP/1.1 20 OK\r\n\r\n"), MIDGE_HTTP_MALFORMED);
  expect(MIDGE_TEXT("HTTP/1.1 20x OK\r\n\r\n"), MIDGE_HTTP_MALFORMED);
  expect(MIDGE_TEXT("HTTP/1.1 2000 OK\r\n\r\n"), MIDGE_HTTP_MALFORMED);
  expect(MIDGE_TEXT("HTTP/1.1  200 OK\r\n\r\n"), MIDGE_HTTP_MALFORMED);
  expect(MIDGE_TEXT("HTTP/1.x 200 OK\r\n\r\n"), MIDGE_HTTP_MALFORMED);
}

/* A head that fills its limit to the last byte, and one byte more. */
static void test_the_limit_is_exact(void **state) {
  (void)state;
  for (size_t more = 0; more < 2; more++) {
    size_t size = MIDGE_HTTP_HEAD_MAX + more;
    char *bytes = malloc(size);
    assert_non_null(bytes);
    memset(bytes, 'x', size);
    memcpy(bytes, "HTTP/1.1 200 OK\r\na: ", 20);
    memcpy(bytes + size - 4, "\r\n\r\n", 4);
    const size_t cuts[] = {1, 1000, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
      midge_http_head head;
      assert_int_equal(read_head(&head, midge_slice_of(bytes, size), cuts[i]),
                       more == 0 ? MIDGE_HTTP_DONE : MIDGE_HTTP_TOO_LARGE);
      midge_http_head_free(&head);
    }
    free(bytes);
  }
}

static void test_fields_are_found(void **state) {
  (void)state;
  midge_http_head head;
  midge_slice value;
  assert_int_equal(
      read_head(&head,
                MIDGE_TEXT("HTTP/1.0 302 Found\r\nLocation:  there\t\r\n"
                           "x: 1\r\nX: 2\r\n\r\n"),
                SIZE_MAX),
      MIDGE_HTTP_DONE);
  assert_int_equal(head.status, 302);
  assert_int_equal(head.minor, 0);
  assert_true(midge_slice_equal(head.reason, MIDGE_TEXT("Found")));
  assert_int_equal(midge_http_head_find(&head, "location", &value), 1);
  assert_true(midge_slice_equal(value, MIDGE_TEXT("there")));
  assert_int_equal(midge_http_head_find(&head, "x", &value), 2);
  assert_true(midge_slice_equal(value, MIDGE_TEXT("2")));
  assert_int_equal(midge_http_head_find(&head, "y", &value), 0);
  midge_http_head_free(&head);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_the_end_is_found_wherever_it_begins),
      cmocka_unit_test(test_a_status_has_three_digits),
      cmocka_unit_test(test_the_limit_is_exact),
      cmocka_unit_test(test_fields_are_found),
  };
  return cmocka_run_group_tests_name("http_head", tests, NULL, NULL);
}
