#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "midge/client.h"
#include "reactor/loop.h"
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
      1,        2047,     2048,     2049,    2560,     4095,
      4096,     4097,     5120,     5121,    65536,    65600,
      99999,    1048575,  1048576,  1048577, 16777216, 20971520,
      20971521, 33554431, 33554432, 33554433};
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

static void take_and_give_back(const midge_allocator *allocator, size_t size,
                               size_t count) {
  void *blocks[8];
  for (size_t i = 0; i < count; i++)
    blocks[i] = midge_allocate(allocator, size);
  for (size_t i = 0; i < count; i++) midge_free(allocator, blocks[i], size);
}

static void growing_keeps_what_was_there(void **state) {
  (void)state;
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  take_and_give_back(&allocator, 60000, 2); /* some of the way is there */
  take_and_give_back(&allocator, 300000, 2);
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
  enum { COUNT = 200, SIZE = 500000 };
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  void *blocks[COUNT];
  for (size_t i = 0; i < COUNT; i++)
    blocks[i] = midge_allocate(&allocator, SIZE);
  for (size_t i = 0; i < COUNT; i++) midge_free(&allocator, blocks[i], SIZE);
  assert_in_range(midge_pool_kept(pool), 63 << 20, 64 << 20);
  midge_pool_release(pool);
}

static void what_nobody_needed_is_swept(void **state) {
  (void)state;
  enum { SIZE = 4 << 20 };
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  take_and_give_back(&allocator, SIZE, 5);
  assert_int_equal(midge_pool_kept(pool), 5 * SIZE);
  /* They were needed since the last time, which was never. */
  assert_true(midge_pool_sweep(pool));
  assert_int_equal(midge_pool_kept(pool), 5 * SIZE);
  take_and_give_back(&allocator, SIZE, 2);
  assert_true(midge_pool_sweep(pool)); /* three were not */
  assert_int_equal(midge_pool_kept(pool), 2 * SIZE);
  take_and_give_back(&allocator, SIZE, 1);
  assert_true(midge_pool_sweep(pool));
  assert_int_equal(midge_pool_kept(pool), SIZE);
  assert_false(midge_pool_sweep(pool));
  assert_int_equal(midge_pool_kept(pool), 0);
  midge_pool_release(pool);
}

/* The larger ones go first. */
static void a_little_stays(void **state) {
  (void)state;
  enum { LARGE = 512 << 10, SMALL = 64 << 10 };
  midge_pool *pool = midge_pool_new();
  midge_allocator allocator = midge_pool_allocator(pool);
  take_and_give_back(&allocator, LARGE, 3);
  take_and_give_back(&allocator, SMALL, 8);
  assert_true(midge_pool_sweep(pool));
  assert_false(midge_pool_sweep(pool));
  assert_int_equal(midge_pool_kept(pool), LARGE + 8 * SMALL);
  assert_int_equal(midge_pool_kept(pool), MIDGE_POOL_IDLE);
  assert_false(midge_pool_sweep(pool));
  assert_int_equal(midge_pool_kept(pool), MIDGE_POOL_IDLE);
  midge_pool_release(pool);
}

static void a_reactor_at_rest_gives_back(void **state) {
  (void)state;
  enum { SIZE = 16 << 20, TRIES = 20000 };
  midge_reactor *reactor;
  assert_int_equal(midge_reactor_start(&reactor, &(midge_reactor_options){0}),
                   MIDGE_OK);
  if (reactor->pool == NULL) { /* as under a sanitizer */
    midge_reactor_stop(reactor);
    skip();
  }
  take_and_give_back(&reactor->allocator, SIZE, 3);
  midge_reactor_ring(reactor); /* it went to sleep when there were none */
  for (int i = 0; i < TRIES && midge_pool_kept(reactor->pool) != 0; i++)
    usleep(1000);
  assert_int_equal(midge_pool_kept(reactor->pool), 0);
  midge_reactor_stop(reactor);
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
      cmocka_unit_test(what_nobody_needed_is_swept),
      cmocka_unit_test(a_little_stays),
      cmocka_unit_test(a_reactor_at_rest_gives_back),
      cmocka_unit_test(a_block_may_come_back_after_the_end),
      cmocka_unit_test(threads_share_a_pool),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
