#include <string.h>

#include "base/map.h"
#include "ledger.h"
#include "unit/harness.h"

enum { KEYS = 5000 };

typedef struct map_fixture {
  ledger books;
  midge_map map;
  char things[KEYS]; /* the value of key k is &things[k] */
} map_fixture;

static int setup(void **state) {
  static map_fixture fixture;
  ledger_init(&fixture.books);
  midge_map_init(&fixture.map, &fixture.books.allocator);
  *state = &fixture;
  return 0;
}

static int teardown(void **state) {
  map_fixture *fixture = *state;
  midge_map_free(&fixture->map);
  ledger_check_empty(&fixture->books);
  return 0;
}

static void an_empty_map_has_nothing(void **state) {
  map_fixture *fixture = *state;
  assert_null(midge_map_get(&fixture->map, 1));
  assert_null(midge_map_remove(&fixture->map, 1));
  midge_map_clear(&fixture->map);
  assert_int_equal(fixture->books.blocks, 0);
}

static void what_was_put_is_found(void **state) {
  map_fixture *fixture = *state;
  for (uint32_t key = 1; key < KEYS; key++)
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  assert_int_equal(fixture->map.count, KEYS - 1);
  for (uint32_t key = 1; key < KEYS; key++)
    assert_ptr_equal(midge_map_get(&fixture->map, key), &fixture->things[key]);
  assert_null(midge_map_get(&fixture->map, KEYS));
  assert_null(midge_map_get(&fixture->map, UINT32_MAX));
}

static void a_value_is_replaced_in_its_place(void **state) {
  map_fixture *fixture = *state;
  midge_map *map = &fixture->map;
  assert_false(midge_map_replace(map, 1, &fixture->things[0]));
  for (uint32_t key = 1; key < 100; key++)
    assert_true(midge_map_put(map, key, &fixture->things[key]));
  size_t calls = fixture->books.calls;
  for (uint32_t key = 1; key < 100; key++)
    assert_true(midge_map_replace(map, key, &fixture->things[key + 100]));
  assert_false(midge_map_replace(map, 100, &fixture->things[0]));
  assert_int_equal(map->count, 99);
  assert_int_equal(fixture->books.calls, calls);
  for (uint32_t key = 1; key < 100; key++)
    assert_ptr_equal(midge_map_get(map, key), &fixture->things[key + 100]);
}

static void it_is_at_most_half_full(void **state) {
  map_fixture *fixture = *state;
  for (uint32_t key = 1; key < KEYS; key++) {
    assert_true(midge_map_put(&fixture->map, key * 64, &fixture->things[key]));
    assert_true(fixture->map.count * 2 <= fixture->map.room);
  }
}

static void what_was_removed_is_gone_and_the_rest_is_there(void **state) {
  map_fixture *fixture = *state;
  for (uint32_t key = 1; key < KEYS; key++)
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  for (uint32_t key = 1; key < KEYS; key += 2)
    assert_ptr_equal(midge_map_remove(&fixture->map, key),
                     &fixture->things[key]);
  for (uint32_t key = 1; key < KEYS; key++)
    assert_ptr_equal(midge_map_get(&fixture->map, key),
                     key % 2 == 1 ? NULL : &fixture->things[key]);
  assert_null(midge_map_remove(&fixture->map, 1));
  assert_int_equal(fixture->map.count, (KEYS - 1) / 2);
}

static void clearing_forgets_all_and_keeps_the_room(void **state) {
  map_fixture *fixture = *state;
  for (uint32_t key = 1; key < 100; key++)
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  size_t calls = fixture->books.calls;
  midge_map_clear(&fixture->map);
  assert_int_equal(fixture->map.count, 0);
  assert_null(midge_map_get(&fixture->map, 5));
  for (uint32_t key = 1; key < 100; key++)
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  assert_int_equal(fixture->books.calls, calls);
}

static void where_room_was_reserved_put_cannot_fail(void **state) {
  map_fixture *fixture = *state;
  ledger_fail_next(&fixture->books);
  assert_false(midge_map_reserve(&fixture->map, 100));
  assert_true(midge_map_reserve(&fixture->map, 100));
  size_t calls = fixture->books.calls;
  for (uint32_t key = 1; key <= 100; key++)
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  assert_int_equal(fixture->books.calls, calls);
}

static void a_walk_has_each_entry_once(void **state) {
  map_fixture *fixture = *state;
  size_t at = 0, seen = 0;
  assert_null(midge_map_next(&fixture->map, &at));
  for (uint32_t key = 3; key < 300; key += 3)
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[0]));
  midge_map_place *place;
  while ((place = midge_map_next(&fixture->map, &at)) != NULL) {
    assert_ptr_equal(place->value, &fixture->things[0]);
    place->value = &fixture->things[place->key];
    seen++;
  }
  assert_int_equal(seen, fixture->map.count);
  assert_ptr_equal(midge_map_get(&fixture->map, 6), &fixture->things[6]);
}

static void without_memory_nothing_changes(void **state) {
  map_fixture *fixture = *state;
  ledger_fail_next(&fixture->books);
  assert_false(midge_map_put(&fixture->map, 1, &fixture->things[1]));
  assert_null(midge_map_get(&fixture->map, 1));

  uint32_t key = 1;
  assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  while (fixture->map.count * 2 < fixture->map.room) {
    key++;
    assert_true(midge_map_put(&fixture->map, key, &fixture->things[key]));
  }
  ledger_fail_next(&fixture->books);
  assert_false(
      midge_map_put(&fixture->map, key + 1, &fixture->things[key + 1]));
  for (uint32_t i = 1; i <= key; i++)
    assert_ptr_equal(midge_map_get(&fixture->map, i), &fixture->things[i]);
  assert_null(midge_map_get(&fixture->map, key + 1));
  assert_true(midge_map_put(&fixture->map, key + 1, &fixture->things[key + 1]));
}

/* Few keys in a small map, so that runs of entries meet, wrap around the end
 * and are broken up in every way. */
static void it_agrees_with_a_model(void **state) {
  map_fixture *fixture = *state;
  enum { FEW = 64 };
  void *model[FEW + 1] = {NULL};
  size_t count = 0;
  uint64_t dice = 99;
  for (int i = 0; i < 200000; i++) {
    dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
    uint32_t key = (uint32_t)(dice >> 33) % FEW + 1;
    if (model[key] != NULL) {
      assert_ptr_equal(midge_map_remove(&fixture->map, key), model[key]);
      model[key] = NULL;
      count--;
    } else if (count < 8 + (unsigned)(i / 50000) * 8) {
      model[key] = &fixture->things[key];
      assert_true(midge_map_put(&fixture->map, key, model[key]));
      count++;
    }
    assert_int_equal(fixture->map.count, count);
    for (uint32_t k = 1; k <= FEW; k++)
      if (midge_map_get(&fixture->map, k) != model[k]) fail();
  }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(an_empty_map_has_nothing),
      TEST(what_was_put_is_found),
      TEST(a_value_is_replaced_in_its_place),
      TEST(it_is_at_most_half_full),
      TEST(what_was_removed_is_gone_and_the_rest_is_there),
      TEST(clearing_forgets_all_and_keeps_the_room),
      TEST(where_room_was_reserved_put_cannot_fail),
      TEST(a_walk_has_each_entry_once),
      TEST(without_memory_nothing_changes),
      TEST(it_agrees_with_a_model),
  };
  return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
