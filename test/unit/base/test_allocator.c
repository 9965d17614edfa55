#include <string.h>

#include "base/allocator.h"
#include "ledger.h"
#include "unit/harness.h"

static void the_default_allocates_resizes_and_frees(void **state) {
  (void)state;
  const midge_allocator *allocator = midge_allocator_or_default(NULL);
  assert_ptr_equal(allocator, &midge_allocator_default);
  char *block = midge_allocate(allocator, 8);
  assert_non_null(block);
  memcpy(block, "midge", 6);

  block = midge_resize(allocator, block, 8, 100000);
  assert_non_null(block);
  assert_string_equal(block, "midge");
  midge_free(allocator, block, 100000);
}

static void a_given_allocator_is_used(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  const midge_allocator *allocator =
      midge_allocator_or_default(&books.allocator);
  assert_ptr_equal(allocator, &books.allocator);
  void *block = midge_allocate(allocator, 16);
  assert_int_equal(books.bytes, 16);
  midge_free(allocator, block, 16);
  ledger_check_empty(&books);
}

static void zeroed_memory_is_zero(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  for (size_t size = 1; size < 300; size += 13) {
    uint8_t *block = midge_allocate(&books.allocator, size);
    memset(block, 0xA5, size);
    midge_free(&books.allocator, block, size);
    block = midge_allocate_zero(&books.allocator, size);
    for (size_t i = 0; i < size; i++) assert_int_equal(block[i], 0);
    midge_free(&books.allocator, block, size);
  }
  ledger_check_empty(&books);
}

static void no_memory_is_null(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  ledger_fail_next(&books);
  assert_null(midge_allocate(&books.allocator, 1));
  ledger_fail_next(&books);
  assert_null(midge_allocate_zero(&books.allocator, 1));
  void *block = midge_allocate(&books.allocator, 4);
  ledger_fail_next(&books);
  assert_null(midge_resize(&books.allocator, block, 4, 8));
  midge_free(&books.allocator, block, 4);
  ledger_check_empty(&books);
}

static void freeing_null_does_nothing(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_free(&books.allocator, NULL, 0);
  midge_free(&books.allocator, NULL, 12);
  ledger_check_empty(&books);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_default_allocates_resizes_and_frees),
      cmocka_unit_test(a_given_allocator_is_used),
      cmocka_unit_test(zeroed_memory_is_zero),
      cmocka_unit_test(no_memory_is_null),
      cmocka_unit_test(freeing_null_does_nothing),
  };
  return cmocka_run_group_tests_name("allocator", tests, NULL, NULL);
}
