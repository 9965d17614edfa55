/* Timers: each is a time that is compared, none is ever set. */
#ifndef MIDGE_ENGINE_TIME_H
#define MIDGE_ENGINE_TIME_H

#include "engine/state.h"

void midge_session_bytes_left(midge_session *session);
/* What was in the way of PINGRESP is gone. */
void midge_session_await_pingresp(midge_session *session);
void midge_session_pingresp(midge_session *session, const midge_packet *packet);
void midge_session_clear_times(midge_session *session);

#endif
