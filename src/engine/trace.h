/* Packets that are the session's own business, for a program that wants to see
 * them: what it has asked for itself it knows. */
#ifndef MIDGE_ENGINE_TRACE_H
#define MIDGE_ENGINE_TRACE_H

#include "engine/state.h"

/* It was sent, or received, and is told if the session is traced. Without
 * memory for that the connection fails. */
void midge_session_note_packet(midge_session *session,
                               const midge_packet *packet, bool sent);

#endif
