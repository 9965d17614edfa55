/* What may go now, in the order in which it was wished for. */
#ifndef MIDGE_ENGINE_PUMP_H
#define MIDGE_ENGINE_PUMP_H

#include "engine/state.h"

/* The end of every fact and wish: show what may be shown. */
void midge_session_settle(midge_session *session);
/* What of that an answer to a message needs: time runs from when output began
 * to wait. */
void midge_session_note_output(midge_session *session);

#endif
