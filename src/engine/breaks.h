/* A request that breaks connections: the server ends one after the other over
 * it, and would for ever. */
#ifndef MIDGE_ENGINE_BREAKS_H
#define MIDGE_ENGINE_BREAKS_H

#include "engine/state.h"

/* What is given up, and why. */
typedef struct midge_verdict {
  midge_owner *owner; /* null: nothing is */
  midge_buffer *text; /* for people; null: no memory */
} midge_verdict;

/* The connection is gone, and what it has shown is not forgotten yet. */
midge_verdict midge_session_judge_break(midge_session *session);
/* Now it is. */
void midge_session_carry_out(midge_session *session, midge_verdict verdict);

#endif
