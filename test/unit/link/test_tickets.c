#include "link/tickets.h"
#include "unit/harness.h"

static void a_ticket_gives_back_what_it_stood_for(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  uint64_t one = midge_tickets_take(&tickets, 111, 5);
  uint64_t two = midge_tickets_take(&tickets, 222, 0);
  assert_int_not_equal(one, 0);
  assert_int_not_equal(one, two);
  assert_int_equal(midge_tickets_end(&tickets, one).token, 111);
  assert_int_equal(midge_tickets_end(&tickets, two).cost, 0);
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

static void a_publish_is_found_by_its_token(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  for (uint64_t i = 1; i <= 1000; i++)
    assert_int_not_equal(midge_tickets_take(&tickets, i, i % 2 == 0), 0);
  uint64_t number = midge_tickets_find(&tickets, 500);
  assert_int_equal(midge_tickets_find(&tickets, 501), 0); /* no publish */
  assert_int_equal(midge_tickets_find(&tickets, 5000), 0);
  assert_int_equal(midge_tickets_end(&tickets, number).token, 500);
  assert_int_equal(midge_tickets_find(&tickets, 500), 0); /* ended */
  midge_tickets_free(&tickets);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ticket_gives_back_what_it_stood_for),
      cmocka_unit_test(numbers_are_used_again),
      cmocka_unit_test(a_publish_is_found_by_its_token),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
