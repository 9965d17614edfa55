/* Timers: each is a time that is compared, none is ever set. */
#ifndef MIDGE_ENGINE_TIME_H
#define MIDGE_ENGINE_TIME_H

#include "engine/state.h"

void midge_session_bytes_left(midge_session *session);
/* The server sent bytes: whatever they are, it is there. */
void midge_session_heard(midge_session *session);
void midge_session_clear_times(midge_session *session);

#endif
