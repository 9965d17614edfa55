#include "link/headers.h"

#include "base/slice.h"

midge_status midge_headers_set(midge_headers *headers,
                               const midge_allocator *allocator,
                               const midge_slice *list, size_t count) {
  if (count == 0) {
    midge_headers_free(headers);
    return MIDGE_OK;
  }
  midge_headers copy = {.allocator = allocator, .count = count};
  copy.block_size = count * sizeof *list;
  for (size_t i = 0; i < count; i++) copy.block_size += list[i].size;
  copy.list = midge_allocate(allocator, copy.block_size);
  if (copy.list == NULL) return MIDGE_ENOMEM;

  uint8_t *to = (uint8_t *)(copy.list + count);
  for (size_t i = 0; i < count; i++) {
    copy.list[i] = midge_slice_of(to, list[i].size);
    to = midge_slice_copy(to, list[i]);
  }
  midge_headers_free(headers);
  *headers = copy;
  return MIDGE_OK;
}

void midge_headers_free(midge_headers *headers) {
  midge_free(headers->allocator, headers->list, headers->block_size);
  *headers = (midge_headers){0};
}
