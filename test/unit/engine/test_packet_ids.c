#include <stdlib.h>

#include "base/allocator.h"
#include "engine/packet_ids.h"
#include "unit/harness.h"

static void identifiers_begin_at_1_and_are_dropped(void **state) {
  (void)state;
  midge_packet_ids ids;
  midge_owner a = {0}, b = {0};
  midge_packet_ids_init(&ids, &midge_allocator_default);
  assert_true(midge_packet_ids_take(&ids, &a));
  assert_true(midge_packet_ids_take(&ids, &b));
  assert_int_equal(a.packet_id, 1);
  assert_int_equal(b.packet_id, 2);
  assert_ptr_equal(midge_packet_ids_owner(&ids, 2), &b);
  midge_packet_ids_drop(&ids, &b);
  assert_int_equal(b.packet_id, 0);
  assert_null(midge_packet_ids_owner(&ids, 2));
  midge_packet_ids_drop(&ids, &b);
  midge_packet_ids_free(&ids);
}

static void there_are_65535_of_them(void **state) {
  (void)state;
  midge_packet_ids ids;
  midge_owner *owners = calloc(65536, sizeof *owners);
  midge_packet_ids_init(&ids, &midge_allocator_default);
  for (size_t i = 0; i < 65535; i++) {
    assert_false(midge_packet_ids_full(&ids));
    assert_true(midge_packet_ids_take(&ids, &owners[i]));
  }
  assert_true(midge_packet_ids_full(&ids));
  assert_false(midge_packet_ids_take(&ids, &owners[65535]));
  midge_packet_ids_drop(&ids, &owners[99]);
  assert_true(midge_packet_ids_take(&ids, &owners[65535]));
  assert_int_equal(owners[65535].packet_id, 100);
  midge_packet_ids_free(&ids);
  free(owners);
}

static void a_remembered_identifier_is_taken_once(void **state) {
  (void)state;
  midge_packet_ids ids;
  midge_owner a = {0}, b = {0};
  midge_packet_ids_init(&ids, &midge_allocator_default);
  assert_int_equal(midge_packet_ids_retake(&ids, &a, 0), MIDGE_EINVAL);
  assert_int_equal(midge_packet_ids_retake(&ids, &a, 7), MIDGE_OK);
  assert_int_equal(midge_packet_ids_retake(&ids, &b, 7), MIDGE_EINVAL);
  assert_int_equal(b.packet_id, 0);
  assert_true(midge_packet_ids_take(&ids, &b));
  assert_int_equal(b.packet_id, 8);
  midge_packet_ids_free(&ids);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(identifiers_begin_at_1_and_are_dropped),
      cmocka_unit_test(there_are_65535_of_them),
      cmocka_unit_test(a_remembered_identifier_is_taken_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
