#include <pthread.h>
#include <string.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "ledger.h"
#include "unit/harness.h"

static void a_new_buffer_has_room_and_one_holder(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_buffer *buffer = midge_buffer_new(&books.allocator, 100);
  assert_int_equal(midge_buffer_slice(buffer).size, 100);
  assert_ptr_equal(midge_buffer_slice(buffer).data, buffer->data);
  memset(buffer->data, 1, 100);
  midge_buffer_release(buffer);
  ledger_check_empty(&books);
}

static void a_buffer_may_be_empty(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_buffer *buffer = midge_buffer_copy(&books.allocator, MIDGE_NO_SLICE);
  assert_non_null(buffer);
  assert_int_equal(midge_buffer_slice(buffer).size, 0);
  midge_buffer_release(buffer);
  ledger_check_empty(&books);
}

static void a_copy_holds_the_same_bytes_elsewhere(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_slice bytes = MIDGE_TEXT("payload");
  midge_buffer *buffer = midge_buffer_copy(&books.allocator, bytes);
  assert_true(midge_slice_equal(midge_buffer_slice(buffer), bytes));
  assert_ptr_not_equal(buffer->data, bytes.data);
  midge_buffer_release(buffer);
  ledger_check_empty(&books);
}

static void data_is_aligned_for_anything(void **state) {
  (void)state;
  midge_buffer *buffer = midge_buffer_new(&midge_allocator_default, 1);
  assert_int_equal((uintptr_t)buffer->data % _Alignof(max_align_t), 0);
  midge_buffer_release(buffer);
}

static void the_last_release_frees(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_buffer *buffer = midge_buffer_new(&books.allocator, 10);
  assert_ptr_equal(midge_buffer_hold(buffer), buffer);
  assert_ptr_equal(midge_buffer_hold(buffer), buffer);
  midge_buffer_release(buffer);
  midge_buffer_release(buffer);
  assert_int_equal(books.blocks, 1);
  midge_buffer_release(buffer);
  ledger_check_empty(&books);
}

static void the_allocator_struct_may_go_before_the_buffer(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_allocator passing = books.allocator;
  midge_buffer *buffer = midge_buffer_new(&passing, 10);
  memset(&passing, 0, sizeof passing);
  midge_buffer_release(buffer);
  ledger_check_empty(&books);
}

static void null_is_held_and_released(void **state) {
  (void)state;
  assert_null(midge_buffer_hold(NULL));
  midge_buffer_release(NULL);
}

static void no_memory_is_null(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  ledger_fail_next(&books);
  assert_null(midge_buffer_new(&books.allocator, 1));
  ledger_fail_next(&books);
  assert_null(midge_buffer_copy(&books.allocator, MIDGE_TEXT("x")));
  ledger_check_empty(&books);
}

enum { ROUNDS = 20000 };

static void *hold_and_release(void *buffer) {
  for (int i = 0; i < ROUNDS; i++)
    midge_buffer_release(midge_buffer_hold(buffer));
  midge_buffer_release(buffer);
  return NULL;
}

static void threads_may_share_a_buffer(void **state) {
  (void)state;
  ledger books;
  ledger_init(&books);
  midge_buffer *buffer = midge_buffer_new(&books.allocator, 10);
  pthread_t threads[4];
  for (int i = 0; i < 4; i++) {
    midge_buffer_hold(buffer);
    assert_int_equal(
        pthread_create(&threads[i], NULL, hold_and_release, buffer), 0);
  }
  midge_buffer_release(buffer);
  for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
  ledger_check_empty(&books);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_buffer_has_room_and_one_holder),
      cmocka_unit_test(a_buffer_may_be_empty),
      cmocka_unit_test(a_copy_holds_the_same_bytes_elsewhere),
      cmocka_unit_test(data_is_aligned_for_anything),
      cmocka_unit_test(the_last_release_frees),
      cmocka_unit_test(the_allocator_struct_may_go_before_the_buffer),
      cmocka_unit_test(null_is_held_and_released),
      cmocka_unit_test(no_memory_is_null),
      cmocka_unit_test(threads_may_share_a_buffer),
  };
  return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
