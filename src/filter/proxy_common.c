#include "filter/proxy_common.h"

/* Once OPEN a proxy is transparent, until either side ends. */

size_t midge_proxy_pass_up(midge_common *common, midge_slice bytes) {
  size_t left = midge_pipe_left(&common->in);
  if (bytes.size > left) bytes.size = left;
  if (!midge_pipe_append(&common->in, bytes)) midge_common_fail_memory(common);
  return bytes.size;
}

size_t midge_proxy_write(midge_filter *filter, const midge_slice *slices,
                         size_t count) {
  midge_common *common = (midge_common *)filter;
  if (common->closing) return 0;

  size_t taken = 0;
  for (size_t i = 0; i < count; i++) {
    midge_slice slice = slices[i];
    size_t left = midge_pipe_left(&common->out);
    if (slice.size > left) slice.size = left;
    if (!midge_pipe_append(&common->out, slice)) {
      midge_common_fail_memory(common);
      break;
    }
    taken += slice.size;
    if (slice.size < slices[i].size) break;
  }
  return taken;
}

void midge_proxy_close(midge_filter *filter) {
  ((midge_common *)filter)->closing = true;
}

void midge_proxy_ended(midge_filter *filter) {
  midge_common *common = (midge_common *)filter;
  if (filter->state == MIDGE_FILTER_OPEN) {
    filter->state = MIDGE_FILTER_CLOSED;
    return;
  }
  midge_common_fail_because(common, MIDGE_EPROXY,
                            "the proxy closed the connection without an "
                            "answer: it may be a proxy of another kind");
}
