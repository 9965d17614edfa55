/* What every filter of this folder has: a queue each way, and a sentence for
 * its error. The functions fit into a midge_filter_kind. */
#ifndef MIDGE_FILTER_COMMON_H
#define MIDGE_FILTER_COMMON_H

#include "filter/filter.h"
#include "filter/pipe.h"
#include "filter/text.h"

enum {
  MIDGE_FILTER_INPUT_MAX = 64 * 1024,
  MIDGE_FILTER_OUTPUT_MAX = 128 * 1024,
  MIDGE_FILTER_TEXT_MAX = 512,
};

typedef struct midge_common {
  midge_filter filter; /* first, so that one pointer is both */
  const midge_allocator *allocator;
  midge_pipe in;  /* for above */
  midge_pipe out; /* for below */
  bool closing;   /* we said goodbye: nothing is taken from above */
  char text[MIDGE_FILTER_TEXT_MAX];
} midge_common;

void midge_common_init(midge_common *common, const midge_filter_kind *kind,
                       const midge_allocator *allocator);
/* The queues; not the block that `common` is in. */
void midge_common_free(midge_common *common);

/* FAILED, unless it is over already. The text may be added to afterwards: it
 * begins empty. `code` null: the name of the status. */
midge_text midge_common_fail(midge_common *common, midge_status status,
                             const char *code);
/* The same, with all that is to be said. */
void midge_common_fail_because(midge_common *common, midge_status status,
                               const char *words);
/* FAILED for want of memory. */
void midge_common_fail_memory(midge_common *common);

/* CLOSED or FAILED. */
static inline bool midge_common_is_over(const midge_common *common) {
  return common->filter.state == MIDGE_FILTER_CLOSED ||
         common->filter.state == MIDGE_FILTER_FAILED;
}

size_t midge_common_output(midge_filter *filter, midge_slice *slices,
                           size_t count);
void midge_common_sent(midge_filter *filter, size_t size);
bool midge_common_input(midge_filter *filter, midge_slice *bytes);
void midge_common_taken(midge_filter *filter, size_t size);

#endif
