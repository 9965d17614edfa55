/* Wishes that end with the session, or with the program's interest in it. */
#ifndef MIDGE_ENGINE_ABANDON_H
#define MIDGE_ENGINE_ABANDON_H

#include "engine/state.h"

/* Those that wait for the server to answer. */
void midge_session_close_acknowledged(midge_session *session);
/* Everything that waits; QoS 0 in the output stays. */
void midge_session_close_all(midge_session *session);

#endif
