#include <string.h>

#include "expect.h"

static void every_status_has_its_name_and_text(void **state) {
  (void)state;
  assert_string_equal(midge_status_name(MIDGE_OK), "MIDGE_OK");
  assert_string_equal(midge_status_text(MIDGE_OK), "success");
#define CHECK(name, number, text)                              \
  assert_int_equal(MIDGE_##name, number);                      \
  assert_string_equal(midge_status_name((midge_status)number), \
                      "MIDGE_" #name);                         \
  assert_string_equal(midge_status_text((midge_status)number), text);
  MIDGE_STATUS_MAP(CHECK)
#undef CHECK
}

/* Users may compare with libmosquitto's numbers. */
static void the_numbers_are_minus_those_of_libmosquitto(void **state) {
  (void)state;
  assert_int_equal(MIDGE_ENOMEM, -1);
  assert_int_equal(MIDGE_EINVAL, -3);
  assert_int_equal(MIDGE_ENOCONN, -4);
  assert_int_equal(MIDGE_ELOST, -7);
  assert_int_equal(MIDGE_EUTF8, -18);
  assert_int_equal(MIDGE_EOVERSIZE, -25);
}

static void a_reason_code_is_a_status_below_minus_127(void **state) {
  (void)state;
  midge_status status = (midge_status)-MIDGE_REASON_NOT_AUTHORIZED;
  assert_string_equal(midge_status_name(status), "MIDGE_REASON_NOT_AUTHORIZED");
  assert_string_equal(midge_status_text(status), "Not authorized");
  status = (midge_status)-0x80;
  assert_string_equal(midge_status_name(status),
                      "MIDGE_REASON_UNSPECIFIED_ERROR");
  assert_string_equal(midge_status_text(status), "Unspecified error");
}

static void any_other_number_is_unknown(void **state) {
  (void)state;
  const int numbers[] = {1,    2,    -6,           -24,      -63,
                         -100, -127, -0x8F - 0x14, -255,     -256,
                         -300, 0x87, INT32_MIN,    INT32_MAX};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    midge_status status = (midge_status)numbers[i];
    assert_string_equal(midge_status_name(status), "MIDGE_EUNKNOWN");
    assert_string_equal(midge_status_text(status), "an unknown error");
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_status_has_its_name_and_text),
      cmocka_unit_test(the_numbers_are_minus_those_of_libmosquitto),
      cmocka_unit_test(a_reason_code_is_a_status_below_minus_127),
      cmocka_unit_test(any_other_number_is_unknown),
  };
  return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
