#include "filter/filter.h"

#include <assert.h>

static bool is_over(const midge_filter *filter) {
  return filter->state == MIDGE_FILTER_CLOSED ||
         filter->state == MIDGE_FILTER_FAILED;
}

size_t midge_filter_received(midge_filter *filter, midge_slice bytes) {
  if (bytes.size == 0 || is_over(filter)) return bytes.size;
  size_t taken = filter->kind->received(filter, bytes);
  assert(taken <= bytes.size);
  return is_over(filter) ? bytes.size : taken;
}

void midge_filter_ended(midge_filter *filter) {
  if (!is_over(filter)) filter->kind->ended(filter);
}

size_t midge_filter_write(midge_filter *filter, const midge_slice *slices,
                          size_t count) {
  if (filter->state != MIDGE_FILTER_OPEN) return 0;
  return filter->kind->write(filter, slices, count);
}

void midge_filter_close(midge_filter *filter) {
  filter->kind->close(filter);
}

size_t midge_filter_output(midge_filter *filter, midge_slice *slices,
                           size_t count) {
  return filter->kind->output(filter, slices, count);
}

void midge_filter_sent(midge_filter *filter, size_t size) {
  filter->kind->sent(filter, size);
}

bool midge_filter_input(midge_filter *filter, midge_slice *bytes) {
  return filter->kind->input(filter, bytes);
}

void midge_filter_taken(midge_filter *filter, size_t size) {
  filter->kind->taken(filter, size);
}

midge_filter_state midge_filter_state_of(const midge_filter *filter) {
  return filter->state;
}

midge_filter_error midge_filter_error_of(const midge_filter *filter) {
  return filter->error;
}

void midge_filter_free(midge_filter *filter) {
  if (filter != NULL) filter->kind->free(filter);
}
