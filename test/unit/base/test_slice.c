
#include "base/slice.h"
#include "unit/harness.h"

static void a_c_string_becomes_a_slice_without_its_end(void **state) {
  (void)state;
  const char *text = "kitchen";
  midge_slice slice = midge_slice_text(text);
  assert_ptr_equal(slice.data, text);
  assert_int_equal(slice.size, 7);
  assert_int_equal(midge_slice_text("").size, 0);
  assert_non_null(midge_slice_text("").data);
}

static void a_null_string_becomes_the_null_slice(void **state) {
  (void)state;
  assert_null(midge_slice_text(NULL).data);
  assert_int_equal(midge_slice_text(NULL).size, 0);
  assert_null(MIDGE_NO_SLICE.data);
}

static void a_literal_becomes_a_slice(void **state) {
  (void)state;
  midge_slice slice = MIDGE_TEXT("a\0b");
  assert_int_equal(slice.size, 3);
  assert_memory_equal(slice.data, "a\0b", 3);
}

static void slices_are_equal_by_their_bytes(void **state) {
  (void)state;
  char copy[] = "abc";
  assert_true(midge_slice_equal(MIDGE_TEXT("abc"), midge_slice_of(copy, 3)));
  assert_false(midge_slice_equal(MIDGE_TEXT("abc"), MIDGE_TEXT("abd")));
  assert_false(midge_slice_equal(MIDGE_TEXT("abc"), MIDGE_TEXT("ab")));
  assert_false(midge_slice_equal(MIDGE_TEXT(""), MIDGE_TEXT("a")));
}

static void empty_slices_are_equal_wherever_they_are(void **state) {
  (void)state;
  assert_true(midge_slice_equal(MIDGE_NO_SLICE, MIDGE_NO_SLICE));
  assert_true(midge_slice_equal(MIDGE_NO_SLICE, MIDGE_TEXT("")));
}

static void skipping_cuts_off_the_front(void **state) {
  (void)state;
  midge_slice slice = MIDGE_TEXT("abcde");
  assert_true(midge_slice_equal(midge_slice_skip(slice, 2), MIDGE_TEXT("cde")));
  assert_true(midge_slice_equal(midge_slice_skip(slice, 0), slice));
  assert_int_equal(midge_slice_skip(slice, 5).size, 0);
}

static void copying_returns_the_end(void **state) {
  (void)state;
  uint8_t room[4] = {9, 9, 9, 9};
  assert_ptr_equal(midge_slice_copy(room, MIDGE_TEXT("abc")), room + 3);
  assert_memory_equal(room, "abc\x09", 4);
  assert_ptr_equal(midge_slice_copy(room, MIDGE_NO_SLICE), room);
  assert_memory_equal(room, "abc\x09", 4);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_c_string_becomes_a_slice_without_its_end),
      cmocka_unit_test(a_null_string_becomes_the_null_slice),
      cmocka_unit_test(a_literal_becomes_a_slice),
      cmocka_unit_test(slices_are_equal_by_their_bytes),
      cmocka_unit_test(empty_slices_are_equal_wherever_they_are),
      cmocka_unit_test(skipping_cuts_off_the_front),
      cmocka_unit_test(copying_returns_the_end),
  };
  return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
