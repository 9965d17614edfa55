#include "link/tickets.h"
#include "unit/harness.h"

static void a_ticket_gives_back_what_it_stood_for(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  uint64_t one = midge_tickets_take(&tickets, 111, 5);
  uint64_t two = midge_tickets_take(&tickets, 222, 7);
  assert_int_not_equal(one, 0);
  assert_int_not_equal(one, two);
  assert_int_equal(midge_tickets_end(&tickets, one).token, 111);
  assert_int_equal(midge_tickets_end(&tickets, two).cost, 7);
  assert_int_equal(tickets.count, 0);
  midge_tickets_free(&tickets);
}

static void numbers_are_used_again(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  for (uint64_t i = 0; i < 100000; i++) {
    uint64_t number = midge_tickets_take(&tickets, i, 1);
    assert_in_range(number, 1, 4);
    if (i < 3) continue;
    midge_tickets_end(&tickets, number);
  }
  assert_true(tickets.room <= 16);
  midge_tickets_free(&tickets);
}

static void a_wish_is_found_by_its_token(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  for (uint64_t i = 1; i <= 1000; i++)
    assert_int_not_equal(midge_tickets_take(&tickets, i, 1), 0);
  uint64_t number = midge_tickets_find(&tickets, 500);
  assert_int_equal(midge_tickets_find(&tickets, 5000), 0);
  assert_int_equal(midge_tickets_end(&tickets, number).token, 500);
  assert_int_equal(midge_tickets_find(&tickets, 500), 0); /* ended */
  /* The same hash: the halves of the token are mixed. */
  uint64_t twin = midge_tickets_take(&tickets, UINT64_C(77) << 32, 1);
  assert_int_equal(midge_tickets_find(&tickets, UINT64_C(77) << 32), twin);
  uint64_t elder = midge_tickets_find(&tickets, 77);
  assert_int_not_equal(elder, twin);
  assert_int_equal(midge_tickets_end(&tickets, elder).token, 77);
  assert_int_equal(midge_tickets_find(&tickets, 77), 0);
  assert_int_equal(midge_tickets_find(&tickets, UINT64_C(77) << 32), twin);
  midge_tickets_free(&tickets);
}

/* Taking back many is no search through all of them: a minute each way. */
static void many_are_taken_back_as_quickly_as_they_came(void **state) {
  (void)state;
  enum { COUNT = 300000 };
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  for (uint64_t i = 1; i <= COUNT; i++)
    assert_int_not_equal(midge_tickets_take(&tickets, i, 1), 0);
  for (uint64_t i = COUNT; i >= 1; i--) {
    uint64_t number = midge_tickets_find(&tickets, i);
    assert_int_equal(midge_tickets_end(&tickets, number).token, i);
    if (i % 3 == 0)
      assert_int_not_equal(midge_tickets_take(&tickets, COUNT + i, 1), 0);
  }
  assert_int_equal(tickets.count, COUNT / 3);
  midge_tickets_free(&tickets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ticket_gives_back_what_it_stood_for),
      cmocka_unit_test(numbers_are_used_again),
      cmocka_unit_test(a_wish_is_found_by_its_token),
      cmocka_unit_test(many_are_taken_back_as_quickly_as_they_came),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
