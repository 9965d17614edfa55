
#include "base/ring.h"
#include "ledger.h"
#include "unit/harness.h"

typedef struct ring_fixture {
  ledger books;
  midge_ring ring;
} ring_fixture;

static int setup(void **state) {
  static ring_fixture fixture;
  ledger_init(&fixture.books);
  midge_ring_init(&fixture.ring, &fixture.books.allocator, sizeof(uint64_t));
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  ring_fixture *fixture = *state;
  midge_ring_free(&fixture->ring);
  ledger_check_empty(&fixture->books);
  return 0;
}

static void push(midge_ring *ring, uint64_t value) {
  uint64_t *element = midge_ring_push(ring);
  assert_non_null(element);
  *element = value;
}

static uint64_t at(const midge_ring *ring, size_t index) {
  return *(uint64_t *)midge_ring_at(ring, index);
}

static void a_new_ring_is_empty_and_holds_no_memory(void **state) {
  ring_fixture *fixture = *state;
  assert_int_equal(fixture->ring.count, 0);
  assert_int_equal(fixture->books.blocks, 0);
}

static void what_is_pushed_first_is_popped_first(void **state) {
  midge_ring *ring = &((ring_fixture *)*state)->ring;
  for (uint64_t i = 0; i < 100; i++) push(ring, i);
  for (uint64_t i = 0; i < 100; i++) {
    assert_int_equal(at(ring, 0), i);
    midge_ring_pop(ring);
  }
  assert_int_equal(ring->count, 0);
}

static void it_grows_wherever_it_begins(void **state) {
  midge_ring *ring = &((ring_fixture *)*state)->ring;
  for (size_t popped = 0; popped <= 8; popped++) {
    midge_ring_free(ring);
    for (uint64_t i = 0; i < 8; i++) push(ring, i);
    for (size_t i = 0; i < popped; i++) midge_ring_pop(ring);
    for (uint64_t i = 8; i < 40; i++) push(ring, i);
    assert_int_equal(ring->count, 40 - popped);
    for (size_t i = 0; i < ring->count; i++)
      assert_int_equal(at(ring, i), popped + i);
  }
}

static void the_newest_can_be_taken_back(void **state) {
  midge_ring *ring = &((ring_fixture *)*state)->ring;
  for (uint64_t i = 0; i < 5; i++) push(ring, i);
  midge_ring_pop_newest(ring);
  push(ring, 77);
  assert_int_equal(ring->count, 5);
  assert_int_equal(at(ring, 4), 77);
  assert_int_equal(at(ring, 3), 3);
}

static void clearing_keeps_the_room(void **state) {
  ring_fixture *fixture = *state;
  for (uint64_t i = 0; i < 20; i++) push(&fixture->ring, i);
  size_t calls = fixture->books.calls;
  midge_ring_clear(&fixture->ring);
  assert_int_equal(fixture->ring.count, 0);
  for (uint64_t i = 0; i < 20; i++) push(&fixture->ring, i + 5);
  assert_int_equal(at(&fixture->ring, 0), 5);
  assert_int_equal(fixture->books.calls, calls);
}

static void at_rest_a_block_for_one_is_given_back(void **state) {
  ring_fixture *fixture = *state;
  push(&fixture->ring, 1);
  midge_ring_pop_to_rest(&fixture->ring);
  assert_int_equal(fixture->books.blocks, 0);
  for (uint64_t i = 0; i < 2; i++) push(&fixture->ring, i);
  midge_ring_pop_to_rest(&fixture->ring);
  assert_int_equal(at(&fixture->ring, 0), 1);
  midge_ring_pop_to_rest(&fixture->ring);
  assert_int_equal(fixture->books.blocks, 1); /* who had two has them again */
}

static void more_than_a_number_counts_are_refused(void **state) {
  ring_fixture *fixture = *state;
  push(&fixture->ring, 1);
  assert_false(midge_ring_reserve(&fixture->ring, (size_t)1 << 32));
  assert_int_equal(at(&fixture->ring, 0), 1);
  assert_int_equal(fixture->books.blocks, 1);
}

static void reserved_pushes_cannot_fail(void **state) {
  ring_fixture *fixture = *state;
  push(&fixture->ring, 0);
  assert_true(midge_ring_reserve(&fixture->ring, 1000));
  ledger_fail_next(&fixture->books);
  for (uint64_t i = 1; i <= 1000; i++) push(&fixture->ring, i);
  for (size_t i = 0; i <= 1000; i++) assert_int_equal(at(&fixture->ring, i), i);
}

static void reserving_nothing_in_an_empty_ring_works(void **state) {
  ring_fixture *fixture = *state;
  assert_true(midge_ring_reserve(&fixture->ring, 0));
  push(&fixture->ring, 1);
  assert_int_equal(at(&fixture->ring, 0), 1);
}

static void without_memory_nothing_changes(void **state) {
  ring_fixture *fixture = *state;
  ledger_fail_next(&fixture->books);
  assert_null(midge_ring_push(&fixture->ring));
  assert_int_equal(fixture->ring.count, 0);

  for (uint64_t i = 0; i < 8; i++) push(&fixture->ring, i);
  ledger_fail_next(&fixture->books);
  assert_null(midge_ring_push(&fixture->ring));
  ledger_fail_next(&fixture->books);
  assert_false(midge_ring_reserve(&fixture->ring, 1));
  assert_int_equal(fixture->ring.count, 8);
  for (size_t i = 0; i < 8; i++) assert_int_equal(at(&fixture->ring, i), i);
  push(&fixture->ring, 8);
  assert_int_equal(at(&fixture->ring, 8), 8);
}

/* Against two counters: the ring holds first .. last - 1. */
static void it_agrees_with_a_model(void **state) {
  midge_ring *ring = &((ring_fixture *)*state)->ring;
  uint64_t dice = 12345, first = 0, last = 0;
  for (int i = 0; i < 200000; i++) {
    dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
    bool grow = (i / 5000) % 2 == 0;
    if ((dice >> 60) < (grow ? 11u : 5u))
      push(ring, last++);
    else if (first != last && ((dice >> 40) & 7) == 0)
      midge_ring_pop_newest(ring), last--;
    else if (first != last)
      midge_ring_pop(ring), first++;

    assert_int_equal(ring->count, last - first);
    if (first == last) continue;
    size_t index = (size_t)(dice >> 20) % ring->count;
    if (at(ring, index) != first + index) fail();
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_new_ring_is_empty_and_holds_no_memory),
      TEST(what_is_pushed_first_is_popped_first),
      TEST(it_grows_wherever_it_begins),
      TEST(the_newest_can_be_taken_back),
      TEST(clearing_keeps_the_room),
      TEST(at_rest_a_block_for_one_is_given_back),
      TEST(more_than_a_number_counts_are_refused),
      TEST(reserved_pushes_cannot_fail),
      TEST(reserving_nothing_in_an_empty_ring_works),
      TEST(without_memory_nothing_changes),
      TEST(it_agrees_with_a_model),
  };
  return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
