#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/subscriptions.h"
#include "unit/harness.h"

static bool remember(midge_subscriptions *in, const char *filter,
                     uint8_t options) {
  return midge_subscriptions_remember(
      in, (midge_packet_filter){midge_slice_text(filter), options},
      MIDGE_TEXT("p"));
}

static void expect(const midge_subscriptions *in, const char *filters) {
  char all[256] = "";
  for (midge_remembered *one = in->first; one != NULL; one = one->next) {
    midge_slice filter = midge_remembered_filter(one);
    snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s:%u ",
             (int)filter.size, filter.data, one->options);
    assert_true(
        midge_slice_equal(midge_remembered_properties(one), MIDGE_TEXT("p")));
  }
  assert_string_equal(all, filters);
}

static void the_order_is_that_of_granting(void **state) {
  (void)state;
  midge_subscriptions in;
  midge_subscriptions_init(&in, &midge_allocator_default);
  assert_true(remember(&in, "a", 0));
  assert_true(remember(&in, "b", 1));
  assert_true(remember(&in, "c", 2));
  expect(&in, "a:0 b:1 c:2 ");
  assert_true(remember(&in, "a", 5));
  expect(&in, "b:1 c:2 a:5 ");
  midge_subscriptions_forget(&in, MIDGE_TEXT("c"));
  expect(&in, "b:1 a:5 ");
  midge_subscriptions_forget(&in, MIDGE_TEXT("not there"));
  midge_subscriptions_forget(&in, MIDGE_TEXT("a"));
  midge_subscriptions_forget(&in, MIDGE_TEXT("b"));
  expect(&in, "");
  midge_subscriptions_free(&in);
}

/* The hash a filter gets, asked of a list that has only it. */
static uint32_t hash_of(const char *filter) {
  midge_subscriptions in;
  midge_subscriptions_init(&in, &midge_allocator_default);
  assert_true(remember(&in, filter, 0));
  uint32_t hash = in.first->hash;
  midge_subscriptions_free(&in);
  return hash;
}

typedef struct hashed {
  uint32_t hash, number;
} hashed;

static int by_hash(const void *a, const void *b) {
  uint32_t x = ((const hashed *)a)->hash, y = ((const hashed *)b)->hash;
  return x < y ? -1 : x > y;
}

/* The `number`th of a row of names that look random. */
static void put_name(char *to, uint32_t number) {
  uint64_t z = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  sprintf(to, "%016llx", (unsigned long long)(z ^ z >> 27));
}

/* Two filters of one hash: among so many names two are alike. */
static void find_alike(char *first, char *second) {
  enum { NAMES = 300000 };
  hashed *all = malloc(NAMES * sizeof *all);
  for (uint32_t i = 0; i < NAMES; i++) {
    put_name(first, i);
    all[i] = (hashed){hash_of(first), i};
  }
  qsort(all, NAMES, sizeof *all, by_hash);
  size_t at = 1;
  while (at < NAMES && all[at].hash != all[at - 1].hash) at++;
  assert_true(at < NAMES);
  put_name(first, all[at - 1].number);
  put_name(second, all[at].number);
  free(all);
}

static void filters_of_one_hash_are_told_apart(void **state) {
  (void)state;
  char a[32], b[32], expected[80];
  find_alike(a, b);
  midge_subscriptions in;
  for (int first = 0; first < 2; first++) {
    midge_subscriptions_init(&in, &midge_allocator_default);
    assert_true(remember(&in, a, 0));
    assert_true(remember(&in, b, 1));
    sprintf(expected, "%s:0 %s:1 ", a, b);
    expect(&in, expected);
    /* The head of the chain, or what follows it. */
    midge_subscriptions_forget(&in, midge_slice_text(first == 0 ? a : b));
    sprintf(expected, first == 0 ? "%s:1 " : "%s:0 ", first == 0 ? b : a);
    expect(&in, expected);
    assert_true(remember(&in, first == 0 ? b : a, 7));
    sprintf(expected, "%s:7 ", first == 0 ? b : a);
    expect(&in, expected);
    midge_subscriptions_free(&in);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_order_is_that_of_granting),
      cmocka_unit_test(filters_of_one_hash_are_told_apart),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
