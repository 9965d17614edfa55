/* What went wrong with a store, for programs and for people. */
#ifndef MIDGE_JOURNAL_EXPLANATION_H
#define MIDGE_JOURNAL_EXPLANATION_H

#include "midge/types.h"

typedef struct midge_explanation {
  char text[288]; /* empty: the status says it all */
} midge_explanation;

/* `status`, told as `words`, the path, and what may follow. */
midge_status midge_explain(midge_explanation *why, midge_status status,
                           const char *words, const char *path,
                           const char *more);
/* The same of an error of the system or of LMDB, and what helps. */
midge_status midge_explain_error(midge_explanation *why, int error,
                                 const char *words, const char *path);
/* What such an error is for midge. */
midge_status midge_status_of_error(int error);

#endif
