#include "ledger.h"

#include <stdlib.h>

#include "unit/harness.h"

static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  ledger *books = context;
  assert_true((block == NULL) == (old_size == 0));
  assert_true(books->bytes >= old_size);
  if (new_size != 0 && (++books->calls == books->fail_at || books->fails))
    return NULL;

  books->bytes = books->bytes - old_size + new_size;
  if (block == NULL) books->blocks++;
  if (new_size != 0) return realloc(block, new_size);
  books->blocks--;
  free(block);
  return NULL;
}

void ledger_init(ledger *books) {
  *books = (ledger){.allocator = {resize, books}};
}

void ledger_fail_next(ledger *books) {
  books->fail_at = books->calls + 1;
}

void ledger_check_empty(const ledger *books) {
  assert_int_equal(books->blocks, 0);
  assert_int_equal(books->bytes, 0);
}
