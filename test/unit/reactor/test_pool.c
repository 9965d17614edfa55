#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "reactor/pool.h"
#include "unit/harness.h"

static void a_block_is_used_again(void **state) {
  (void)state;
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  uint8_t *block = midge_allocate(&allocator, 20000);
  memset(block, 1, 20000);
  assert_int_equal(midge_pool_kept(pool), 0);
  midge_free(&allocator, block, 20000);
  assert_in_range(midge_pool_kept(pool), 20000, 25000);
  /* Another size of the same step. */
  assert_ptr_equal(midge_allocate(&allocator, 20400), block);
  assert_int_equal(midge_pool_kept(pool), 0);
  midge_free(&allocator, block, 20400);
  midge_pool_release(pool);
}

/* Every size has a place of its own that is large enough, and is found again
 * by the size alone. */
static void every_size_fits(void **state) {
  (void)state;
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  static const size_t borders[] = {
      1,    2047, 2048,  2049,  2560,  4095,    4096,    4097,
      5120, 5121, 65536, 65600, 99999, 1048575, 1048576, 1048577};
  for (size_t i = 0; i < sizeof borders / sizeof *borders; i++) {
    for (int round = 0; round < 2; round++) {
      uint8_t *block = midge_allocate(&allocator, borders[i]);
      assert_non_null(block);
      memset(block, (int)i, borders[i]);
      midge_free(&allocator, block, borders[i]);
    }
  }
  midge_pool_release(pool);
}

static void growing_keeps_what_was_there(void **state) {
  (void)state;
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  size_t size = 10;
  uint8_t *block = midge_allocate(&allocator, size);
  for (size_t i = 0; i < size; i++) block[i] = (uint8_t)i;
  while (size < 3000000) {
    size_t more = size + size / 3;
    block = midge_resize(&allocator, block, size, more);
    assert_non_null(block);
    for (size_t i = size; i < more; i++) block[i] = (uint8_t)i;
    size = more;
  }
  for (size_t i = 0; i < size; i++) assert_int_equal(block[i], (uint8_t)i);
  block = midge_resize(&allocator, block, size, 5000); /* and back */
  for (size_t i = 0; i < 5000; i++) assert_int_equal(block[i], (uint8_t)i);
  midge_free(&allocator, block, 5000);
  midge_pool_release(pool);
}

static void no_more_is_kept_than_the_limit(void **state) {
  (void)state;
  enum { COUNT = 100, SIZE = 500000 };
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  void *blocks[COUNT];
  for (size_t i = 0; i < COUNT; i++)
    blocks[i] = midge_allocate(&allocator, SIZE);
  for (size_t i = 0; i < COUNT; i++) midge_free(&allocator, blocks[i], SIZE);
  assert_in_range(midge_pool_kept(pool), 8 << 20, 16 << 20);
  midge_pool_release(pool);
}

/* A buffer may be held longer than its pool. */
static void a_block_may_come_back_after_the_end(void **state) {
  (void)state;
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  midge_buffer *large = midge_buffer_new(&allocator, 100000);
  midge_buffer *small = midge_buffer_new(&allocator, 10);
  midge_pool_release(pool);
  memset(large->data, 1, 100000);
  midge_buffer_release(large);
  midge_buffer_release(small);
}

enum { THREADS = 4, ROUNDS = 20000 };

static void *churn(void *context) {
  const midge_allocator *allocator = context;
  void *blocks[8] = {NULL};
  size_t sizes[8] = {0};
  for (unsigned i = 0; i < ROUNDS; i++) {
    unsigned at = i * 7 % 8;
    midge_free(allocator, blocks[at], sizes[at]);
    sizes[at] = 1000 + i * 37 % 60000;
    blocks[at] = midge_allocate(allocator, sizes[at]);
    memset(blocks[at], (int)at, sizes[at]);
  }
  for (size_t i = 0; i < 8; i++) midge_free(allocator, blocks[i], sizes[i]);
  return NULL;
}

static void threads_share_a_pool(void **state) {
  (void)state;
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  pthread_t threads[THREADS];
  for (size_t i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, churn, &allocator);
  for (size_t i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  midge_pool_release(pool);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_block_is_used_again),
      cmocka_unit_test(every_size_fits),
      cmocka_unit_test(growing_keeps_what_was_there),
      cmocka_unit_test(no_more_is_kept_than_the_limit),
      cmocka_unit_test(a_block_may_come_back_after_the_end),
      cmocka_unit_test(threads_share_a_pool),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
