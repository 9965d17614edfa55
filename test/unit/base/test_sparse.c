#include "base/sparse.h"
#include "ledger.h"
#include "unit/harness.h"

enum { NUMBERS = UINT16_MAX + 1 };

typedef struct sparse_fixture {
  ledger books;
  midge_sparse sparse;
} sparse_fixture;

static int setup(void **state) {
  static sparse_fixture fixture;
  ledger_init(&fixture.books);
  midge_sparse_init(&fixture.sparse, &fixture.books.allocator);
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse_free(&fixture->sparse);
  ledger_check_empty(&fixture->books);
  return 0;
}

static uint8_t byte_of(uint32_t number) {
  return (uint8_t)(number % UINT8_MAX + 1);
}

static void an_empty_one_has_zeros_and_no_memory(void **state) {
  sparse_fixture *fixture = *state;
  uint32_t number = 0;
  assert_int_equal(midge_sparse_get(&fixture->sparse, 0), 0);
  assert_int_equal(midge_sparse_get(&fixture->sparse, UINT16_MAX), 0);
  midge_sparse_unset(&fixture->sparse, 1);
  midge_sparse_clear(&fixture->sparse);
  assert_false(midge_sparse_next(&fixture->sparse, &number));
  assert_int_equal(fixture->books.calls, 0);
}

static void every_number_has_a_byte_of_its_own(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  for (uint32_t number = 0; number < NUMBERS; number++)
    assert_true(midge_sparse_set(sparse, (uint16_t)number, byte_of(number)));
  assert_int_equal(sparse->count, NUMBERS);
  for (uint32_t number = 0; number < NUMBERS; number += 2)
    midge_sparse_unset(sparse, (uint16_t)number);
  midge_sparse_unset(sparse, 0); /* which it was already */
  assert_int_equal(sparse->count, NUMBERS / 2);
  for (uint32_t number = 0; number < NUMBERS; number++)
    assert_int_equal(midge_sparse_get(sparse, (uint16_t)number),
                     number % 2 == 0 ? 0 : byte_of(number));
}

static void a_byte_is_replaced_without_memory(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  assert_true(midge_sparse_set(sparse, 300, 1));
  ledger_fail_next(&fixture->books);
  assert_true(midge_sparse_set(sparse, 300, 2));
  assert_int_equal(midge_sparse_get(sparse, 300), 2);
  assert_int_equal(sparse->count, 1);
}

static void those_that_have_one_are_found_in_order(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  static const uint16_t numbers[] = {0, 255, 256, 1000, 40000, UINT16_MAX};
  enum { COUNT = sizeof numbers / sizeof *numbers };
  for (size_t i = COUNT; i-- != 0;)
    assert_true(midge_sparse_set(sparse, numbers[i], 1));
  uint32_t number = 0;
  for (size_t i = 0; i < COUNT; i++, number++) {
    assert_true(midge_sparse_next(sparse, &number));
    assert_int_equal(number, numbers[i]);
  }
  assert_false(midge_sparse_next(sparse, &number));
  midge_sparse_unset(sparse, UINT16_MAX);
  number = 40001;
  assert_false(midge_sparse_next(sparse, &number));
}

/* As identifiers go round: one page is left, and not one for each of them. */
static void what_was_left_holds_one_page(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  assert_true(midge_sparse_set(sparse, 1, 1));
  midge_sparse_unset(sparse, 1);
  size_t blocks = fixture->books.blocks;
  for (uint32_t number = 1; number < NUMBERS; number++) {
    assert_true(midge_sparse_set(sparse, (uint16_t)number, 1));
    midge_sparse_unset(sparse, (uint16_t)number);
  }
  assert_int_equal(sparse->count, 0);
  assert_int_equal(fixture->books.blocks, blocks);
}

/* And is not taken for empty then. */
static void a_page_that_was_left_is_used_again(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  assert_true(midge_sparse_set(sparse, 1, 1));
  midge_sparse_unset(sparse, 1);
  size_t calls = fixture->books.calls;
  assert_true(midge_sparse_set(sparse, 2, 2));
  assert_int_equal(fixture->books.calls, calls);
  assert_true(midge_sparse_set(sparse, 300, 3));
  midge_sparse_unset(sparse, 300);
  assert_int_equal(midge_sparse_get(sparse, 2), 2);
}

static void clearing_frees_the_pages_and_leaves_it_usable(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  for (uint16_t number = 0; number < 1000; number++)
    assert_true(midge_sparse_set(sparse, number, 1));
  midge_sparse_clear(sparse);
  assert_int_equal(fixture->books.blocks, 1); /* the table of pages */
  assert_int_equal(midge_sparse_get(sparse, 1), 0);
  assert_true(midge_sparse_set(sparse, 1, 1));
}

static void without_memory_nothing_is_set(void **state) {
  sparse_fixture *fixture = *state;
  midge_sparse *sparse = &fixture->sparse;
  for (size_t fail_at = 1; fail_at <= 2; fail_at++) {
    fixture->books.fail_at = fixture->books.calls + fail_at;
    assert_false(midge_sparse_set(sparse, 1, 1));
    assert_int_equal(midge_sparse_get(sparse, 1), 0);
    assert_int_equal(sparse->count, 0);
  }
  fixture->books.fail_at = 0;
  assert_true(midge_sparse_set(sparse, 1, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(an_empty_one_has_zeros_and_no_memory),
      TEST(every_number_has_a_byte_of_its_own),
      TEST(a_byte_is_replaced_without_memory),
      TEST(those_that_have_one_are_found_in_order),
      TEST(what_was_left_holds_one_page),
      TEST(a_page_that_was_left_is_used_again),
      TEST(clearing_frees_the_pages_and_leaves_it_usable),
      TEST(without_memory_nothing_is_set),
  };
  return cmocka_run_group_tests_name("sparse", tests, NULL, NULL);
}
