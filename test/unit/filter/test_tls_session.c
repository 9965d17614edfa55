/* Tickets: each is given out once, the newest first, to its own server. */
#include "base/slice.h"
#include "filter/tls_session.h"
#include "test.h"

#define A MIDGE_TEXT("a.test")
#define B MIDGE_TEXT("b.test")

/* A ticket that the test holds too, so that it can be told apart. */
static SSL_SESSION *put(midge_tls_sessions *sessions, midge_slice key) {
  SSL_SESSION *session = SSL_SESSION_new();
  assert_non_null(session);
  assert_int_equal(SSL_SESSION_up_ref(session), 1);
  midge_tls_sessions_put(sessions, key, session);
  return session;
}

/* It comes out, or null does; what came out is let go. */
static void expect(midge_tls_sessions *sessions, midge_slice key,
                   SSL_SESSION *expected) {
  SSL_SESSION *session = midge_tls_sessions_take(sessions, key);
  assert_ptr_equal(session, expected);
  SSL_SESSION_free(session);
}

static void test_a_ticket_is_given_out_once(void **state) {
  (void)state;
  midge_tls_sessions sessions = {.next = 0};
  expect(&sessions, A, NULL);
  SSL_SESSION *only = put(&sessions, A);
  expect(&sessions, A, only);
  expect(&sessions, A, NULL);
  midge_tls_sessions_free(&sessions);
  SSL_SESSION_free(only);
}

static void test_the_newest_comes_first(void **state) {
  (void)state;
  midge_tls_sessions sessions = {.next = 0};
  SSL_SESSION *first = put(&sessions, A), *second = put(&sessions, A);
  SSL_SESSION *third = put(&sessions, A);
  expect(&sessions, A, third);
  expect(&sessions, A, second);
  expect(&sessions, A, NULL); /* the first had to go */
  midge_tls_sessions_free(&sessions);
  SSL_SESSION_free(first);
  SSL_SESSION_free(second);
  SSL_SESSION_free(third);
}

static void test_a_ticket_is_for_its_own_server(void **state) {
  (void)state;
  midge_tls_sessions sessions = {.next = 0};
  SSL_SESSION *a = put(&sessions, A);
  expect(&sessions, B, NULL);
  expect(&sessions, MIDGE_TEXT("a.tes"), NULL);
  SSL_SESSION *b = put(&sessions, B);
  expect(&sessions, A, a);
  expect(&sessions, B, b);
  midge_tls_sessions_free(&sessions);
  SSL_SESSION_free(a);
  SSL_SESSION_free(b);
}

static void test_the_oldest_server_is_forgotten(void **state) {
  (void)state;
  midge_tls_sessions sessions = {.next = 0};
  SSL_SESSION *all[MIDGE_TLS_SESSIONS_MAX + 1];
  uint8_t keys[MIDGE_TLS_SESSIONS_MAX + 1];
  for (size_t i = 0; i <= MIDGE_TLS_SESSIONS_MAX; i++) {
    keys[i] = (uint8_t)('a' + i);
    all[i] = put(&sessions, midge_slice_of(keys + i, 1));
  }
  expect(&sessions, midge_slice_of(keys, 1), NULL);
  for (size_t i = 1; i <= MIDGE_TLS_SESSIONS_MAX; i++)
    expect(&sessions, midge_slice_of(keys + i, 1), all[i]);
  for (size_t i = 0; i <= MIDGE_TLS_SESSIONS_MAX; i++) SSL_SESSION_free(all[i]);
  midge_tls_sessions_free(&sessions);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_ticket_is_given_out_once),
      cmocka_unit_test(test_the_newest_comes_first),
      cmocka_unit_test(test_a_ticket_is_for_its_own_server),
      cmocka_unit_test(test_the_oldest_server_is_forgotten),
  };
  return cmocka_run_group_tests_name("tls_session", tests, NULL, NULL);
}
