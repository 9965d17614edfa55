#include "link.h"

#include "test.h"

void bytes_add(bytes *self, midge_slice slice) {
  if (self->size + slice.size > self->room) {
    self->room = 2 * (self->size + slice.size);
    self->data = realloc(self->data, self->room);
    assert_non_null(self->data);
  }
  if (slice.size != 0) memcpy(self->data + self->size, slice.data, slice.size);
  self->size += slice.size;
}

void bytes_drop(bytes *self, size_t size) {
  assert_true(size <= self->size);
  if (size == 0) return;
  memmove(self->data, self->data + size, self->size - size);
  self->size -= size;
}

void bytes_free(bytes *self) {
  free(self->data);
  *self = (bytes){NULL, 0, 0};
}

static void take_input(midge_filter *filter, bytes *input) {
  midge_slice slice;
  while (midge_filter_input(filter, &slice)) {
    assert_true(slice.size != 0);
    bytes_add(input, slice);
    midge_filter_taken(filter, slice.size);
  }
}

/* From a block of its own, so that reading past it is seen. */
static size_t offer(midge_filter *filter, midge_slice piece) {
  uint8_t *block = malloc(piece.size);
  assert_non_null(block);
  memcpy(block, piece.data, piece.size);
  size_t taken =
      midge_filter_received(filter, midge_slice_of(block, piece.size));
  free(block);
  return taken;
}

void feed(midge_filter *filter, midge_slice slice, size_t cut, bytes *input) {
  while (slice.size != 0) {
    midge_slice piece = slice;
    if (piece.size > cut) piece.size = cut;
    size_t taken = offer(filter, piece);
    assert_true(taken != 0);
    slice = midge_slice_skip(slice, taken);
    take_input(filter, input);
  }
}

void collect(midge_filter *filter, size_t cut, bytes *output) {
  midge_slice slices[4];
  size_t count;
  while ((count = midge_filter_output(filter, slices, 4)) != 0) {
    midge_slice piece = slices[0];
    assert_true(piece.size != 0);
    if (piece.size > cut) piece.size = cut;
    bytes_add(output, piece);
    midge_filter_sent(filter, piece.size);
  }
}

void write_all(midge_filter *filter, midge_slice slice, bytes *output) {
  while (slice.size != 0) {
    size_t size = midge_filter_write(filter, &slice, 1);
    if (size == 0) {
      size_t before = output->size;
      collect(filter, SIZE_MAX, output);
      assert_true(output->size > before);
    }
    slice = midge_slice_skip(slice, size);
  }
  collect(filter, SIZE_MAX, output);
}
