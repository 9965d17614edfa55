#include "filter/common.h"

#include "base/slice.h"

void midge_common_init(midge_common *common, const midge_filter_kind *kind,
                       const midge_allocator *allocator) {
  common->filter = (midge_filter){
      .kind = kind,
      .state = MIDGE_FILTER_OPENING,
      .error = {.code = "MIDGE_OK", .text = common->text},
  };
  common->allocator = allocator;
  common->closing = false;
  common->text[0] = '\0';
  midge_pipe_init(&common->in, allocator, MIDGE_FILTER_INPUT_MAX);
  midge_pipe_init(&common->out, allocator, MIDGE_FILTER_OUTPUT_MAX);
}

void midge_common_free(midge_common *common) {
  midge_pipe_free(&common->in);
  midge_pipe_free(&common->out);
}

static const char *code_of(midge_status status) {
  switch (status) {
    case MIDGE_ENOMEM:
      return "MIDGE_ENOMEM";
    case MIDGE_ELOST:
      return "MIDGE_ELOST";
    case MIDGE_EPROXY:
      return "MIDGE_EPROXY";
    case MIDGE_EWEBSOCKET:
      return "MIDGE_EWEBSOCKET";
    default:
      return "MIDGE_ETLS";
  }
}

midge_text midge_common_fail(midge_common *common, midge_status status,
                             const char *code) {
  if (midge_common_is_over(common)) return midge_text_in(NULL, 0);

  common->filter.state = MIDGE_FILTER_FAILED;
  common->filter.error.status = status;
  common->filter.error.code = code != NULL ? code : code_of(status);
  return midge_text_in(common->text, sizeof(common->text));
}

void midge_common_fail_because(midge_common *common, midge_status status,
                               const char *words) {
  midge_text text = midge_common_fail(common, status, NULL);
  midge_text_add(&text, words);
}

void midge_common_fail_memory(midge_common *common) {
  midge_common_fail_because(common, MIDGE_ENOMEM, "out of memory");
}

size_t midge_common_output(midge_filter *filter, midge_slice *slices,
                           size_t count) {
  midge_common *common = (midge_common *)filter;
  if (count == 0 || midge_pipe_size(&common->out) == 0) return 0;
  slices[0] = midge_pipe_bytes(&common->out);
  return 1;
}

void midge_common_sent(midge_filter *filter, size_t size) {
  midge_pipe_consume(&((midge_common *)filter)->out, size);
}

bool midge_common_input(midge_filter *filter, midge_slice *bytes) {
  *bytes = midge_pipe_bytes(&((midge_common *)filter)->in);
  return bytes->size != 0;
}

void midge_common_taken(midge_filter *filter, size_t size) {
  midge_pipe_consume(&((midge_common *)filter)->in, size);
}
