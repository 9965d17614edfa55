#include "link/tickets.h"
#include "unit/base/ledger.h"
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

static void many_in_one_end_in_parts(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  uint64_t one = midge_tickets_take(&tickets, 5, 1);
  uint64_t many = midge_tickets_take_many(&tickets, 100, 9, 4);
  uint64_t silent = midge_tickets_take_many(&tickets, 0, 9, 2);
  assert_int_equal(midge_tickets_find(&tickets, 99), 0);
  assert_true(midge_tickets_find(&tickets, 100) == many);
  assert_true(midge_tickets_find(&tickets, 103) == many + 3);
  assert_int_equal(midge_tickets_find(&tickets, 104), 0);
  assert_int_equal(midge_tickets_find(&tickets, 5), one);
  assert_int_equal(midge_tickets_token(&tickets, many + 2), 102);
  assert_int_equal(midge_tickets_token(&tickets, silent + 1), 0);
  midge_ticket last = midge_tickets_end_some(&tickets, many + 3, 1);
  assert_int_equal(last.token, 103);
  assert_int_equal(last.cost, 0);
  midge_ticket rest = midge_tickets_end_some(&tickets, many, 3);
  assert_int_equal(rest.token, 100);
  assert_int_equal(rest.cost, 9);
  assert_int_equal(midge_tickets_find(&tickets, 101), 0); /* over */
  assert_int_equal(midge_tickets_find(&tickets, 1), 0);   /* no token */
  assert_int_equal(midge_tickets_end_some(&tickets, silent, 2).token, 0);
  assert_int_equal(midge_tickets_take_many(&tickets, 6, 1, 1), 3);
  assert_int_equal(midge_tickets_end_some(&tickets, 3, 1).token, 6);
  assert_int_equal(midge_tickets_end_some(&tickets, one, 1).token, 5);
  assert_int_equal(tickets.count, 0);
  midge_tickets_free(&tickets);
}

/* The index is of single ones, and is made when a search needs it. */
static void the_last_of_many_is_no_single_one(void **state) {
  (void)state;
  midge_tickets tickets;
  midge_tickets_init(&tickets, &midge_allocator_default);
  uint64_t many = midge_tickets_take_many(&tickets, 100, 2, 2);
  midge_tickets_end_some(&tickets, many, 1);
  assert_true(midge_tickets_find(&tickets, 101) == many + 1);
  midge_tickets_end_some(&tickets, many + 1, 1);
  assert_int_equal(midge_tickets_take(&tickets, 100, 1), 1);
  assert_int_equal(midge_tickets_find(&tickets, 100), 1);
  assert_int_equal(midge_tickets_end(&tickets, 1).token, 100);
  assert_int_equal(midge_tickets_find(&tickets, 100), 0);
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

/* --- Memory --- */

static void without_memory_there_is_no_ticket(void **state) {
  (void)state;
  ledger books;
  midge_tickets tickets;
  ledger_init(&books);
  midge_tickets_init(&tickets, &books.allocator);
  ledger_fail_next(&books);
  assert_int_equal(midge_tickets_take(&tickets, 1, 1), 0);
  ledger_fail_next(&books);
  assert_int_equal(midge_tickets_take_many(&tickets, 1, 1, 2), 0);
  assert_int_equal(tickets.count, 0);
  for (uint64_t i = 1; i <= 16; i++)
    assert_int_equal(midge_tickets_take(&tickets, i, 1), i);
  ledger_fail_next(&books);
  assert_int_equal(midge_tickets_take(&tickets, 17, 1), 0);
  assert_int_equal(midge_tickets_end(&tickets, 16).token, 16);
  assert_int_equal(midge_tickets_take(&tickets, 17, 1), 16);
  midge_tickets_free(&tickets);
  ledger_check_empty(&books);
}

/* A number is a place in 32 bits. */
static void numbers_run_out(void **state) {
  (void)state;
  ledger books;
  midge_tickets tickets;
  ledger_init(&books);
  midge_tickets_init(&tickets, &books.allocator);
  tickets.used = tickets.room = UINT32_C(1) << 31;
  assert_int_equal(midge_tickets_take(&tickets, 1, 1), 0);
  assert_int_equal(books.calls, 0);
}

/* The index is made by a search, and the next search makes it if that one
 * could not. */
static void a_search_without_memory_loses_nothing(void **state) {
  (void)state;
  ledger books;
  midge_tickets tickets;
  ledger_init(&books);
  midge_tickets_init(&tickets, &books.allocator);
  for (uint64_t i = 1; i <= 10; i++)
    assert_int_equal(midge_tickets_take(&tickets, i, 1), i);
  assert_int_equal(midge_tickets_end(&tickets, 1).token, 1);
  size_t failures = 0;
  for (;; failures++) {
    books.calls = 0;
    books.fail_at = failures + 1;
    uint64_t number = midge_tickets_find(&tickets, 9);
    if (number == 9) break;
    assert_int_equal(number, 0);
  }
  assert_in_range(failures, 1, 10);
  books.fail_at = 0;
  assert_int_equal(midge_tickets_find(&tickets, 1), 0);
  assert_int_equal(midge_tickets_find(&tickets, 10), 10);
  midge_tickets_free(&tickets);
  ledger_check_empty(&books);
}

static void a_ticket_that_cannot_be_indexed_is_found_later(void **state) {
  (void)state;
  ledger books;
  midge_tickets tickets;
  ledger_init(&books);
  midge_tickets_init(&tickets, &books.allocator);
  assert_int_equal(midge_tickets_take(&tickets, 1, 1), 1);
  assert_int_equal(midge_tickets_find(&tickets, 1), 1);
  for (uint64_t i = 2; i <= 100; i++) {
    if (tickets.used == tickets.room) books.calls = 0; /* that of the list */
    books.fail_at = books.calls + 1 + (tickets.used == tickets.room);
    assert_int_equal(midge_tickets_take(&tickets, i, 1), i);
    books.fail_at = 0;
    assert_int_equal(midge_tickets_find(&tickets, i), i);
    assert_int_equal(midge_tickets_find(&tickets, 1), 1);
  }
  midge_tickets_free(&tickets);
  ledger_check_empty(&books);
}

static void the_ends_of_tokens_with_one_hash_come_in_any_order(void **state) {
  (void)state;
  const uint64_t tokens[] = {77, UINT64_C(77) << 32, UINT64_C(1) << 32 | 76};
  for (size_t first = 0; first < 3; first++) {
    uint64_t numbers[3];
    midge_tickets tickets;
    midge_tickets_init(&tickets, &midge_allocator_default);
    for (size_t i = 0; i < 3; i++)
      numbers[i] = midge_tickets_take(&tickets, tokens[i], 1);
    for (size_t i = 0; i < 3; i++)
      assert_int_equal(midge_tickets_find(&tickets, tokens[i]), numbers[i]);
    for (size_t i = 0; i < 3; i++) {
      size_t at = (first + i) % 3;
      assert_int_equal(midge_tickets_end(&tickets, numbers[at]).token,
                       tokens[at]);
      assert_int_equal(midge_tickets_find(&tickets, tokens[at]), 0);
    }
    assert_int_equal(tickets.count, 0);
    midge_tickets_free(&tickets);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_ticket_gives_back_what_it_stood_for),
      cmocka_unit_test(numbers_are_used_again),
      cmocka_unit_test(many_in_one_end_in_parts),
      cmocka_unit_test(the_last_of_many_is_no_single_one),
      cmocka_unit_test(a_wish_is_found_by_its_token),
      cmocka_unit_test(many_are_taken_back_as_quickly_as_they_came),
      cmocka_unit_test(without_memory_there_is_no_ticket),
      cmocka_unit_test(numbers_run_out),
      cmocka_unit_test(a_ticket_that_cannot_be_indexed_is_found_later),
      cmocka_unit_test(a_search_without_memory_loses_nothing),
      cmocka_unit_test(the_ends_of_tokens_with_one_hash_come_in_any_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
