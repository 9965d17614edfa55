/* Tokens that share a place in the table. */
#include "engine/tokens.h"
#include "unit/harness.h"

/* All of them have place 1. */
static const uint64_t same[] = {1, UINT64_C(0x100000001), UINT64_C(0x200000003),
                                UINT64_C(0xffffffff00000000) + 0xfffffffe};
enum { SAME = sizeof same / sizeof *same };

static void fill(midge_tokens *tokens, midge_owner owners[SAME]) {
  midge_tokens_init(tokens, &midge_allocator_default);
  midge_tokens_keep(tokens);
  for (int i = 0; i < SAME; i++) {
    owners[i] = (midge_owner){.token = same[i]};
    midge_tokens_add(tokens, &owners[i]);
  }
}

static void expect(const midge_tokens *tokens, midge_owner owners[SAME],
                   unsigned there) {
  for (int i = 0; i < SAME; i++)
    assert_ptr_equal(midge_tokens_find(tokens, same[i]),
                     there >> i & 1 ? &owners[i] : NULL);
}

/* In every order. */
static void tokens_of_one_place_are_told_apart(void **state) {
  (void)state;
  for (int first = 0; first < SAME; first++)
    for (int second = 0; second < SAME; second++) {
      if (first == second) continue;
      midge_tokens tokens;
      midge_owner owners[SAME];
      unsigned there = (1 << SAME) - 1;
      fill(&tokens, owners);
      expect(&tokens, owners, there);
      midge_tokens_remove(&tokens, &owners[first]);
      expect(&tokens, owners, there &= ~(1u << first));
      midge_tokens_remove(&tokens, &owners[second]);
      expect(&tokens, owners, there &= ~(1u << second));
      assert_true(tokens.kept);
      for (int i = 0; i < SAME; i++)
        if (there >> i & 1) midge_tokens_remove(&tokens, &owners[i]);
      assert_false(tokens.kept);
    }
}

static void nothing_is_kept_before_somebody_asks(void **state) {
  (void)state;
  midge_tokens tokens;
  midge_owner owner = {.token = 7};
  midge_tokens_init(&tokens, &midge_allocator_default);
  midge_tokens_add(&tokens, &owner);
  assert_int_equal(tokens.owners.count, 0);
  midge_tokens_remove(&tokens, &owner);
  midge_tokens_keep(&tokens);
  assert_null(midge_tokens_find(&tokens, 7));
  midge_tokens_free(&tokens);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tokens_of_one_place_are_told_apart),
      cmocka_unit_test(nothing_is_kept_before_somebody_asks),
  };
  return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
