/* Memory that is not there at once. */
#include <string.h>

#include "reactor/patience.h"
#include "unit/harness.h"

static unsigned refusals; /* so many calls more find no memory */
static unsigned asked;

static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  if (new_size != 0) asked++;
  if (new_size == 0 || refusals == 0)
    return midge_allocator_default.resize(context, block, old_size, new_size);
  refusals--;
  return NULL;
}

static const midge_allocator poor = {resize, NULL};

static void what_cannot_be_refused_waits_for_memory(void **state) {
  (void)state;
  midge_allocator patient = midge_patient(&poor);
  refusals = 5;
  asked = 0;
  char *block = midge_allocate(&patient, 4);
  assert_non_null(block);
  assert_int_equal(asked, 6);
  memcpy(block, "abc", 4);
  refusals = 2;
  block = midge_resize(&patient, block, 4, 100);
  assert_string_equal(block, "abc");
  midge_free(&patient, block, 100);
  block = midge_allocate(&midge_patient_default, 1);
  assert_non_null(block);
  midge_free(&midge_patient_default, block, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_cannot_be_refused_waits_for_memory),
  };
  return cmocka_run_group_tests_name("patience", tests, NULL, NULL);
}
