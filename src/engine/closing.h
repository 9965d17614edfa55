/* How we end a connection: with what is said to the server. */
#ifndef MIDGE_ENGINE_CLOSING_H
#define MIDGE_ENGINE_CLOSING_H

#include "engine/state.h"

/* The server broke the protocol: DISCONNECT if it may be sent, and close. */
void midge_session_break(midge_session *session, midge_reason reason,
                         const char *text);
/* DISCONNECT, so that no will is published, and close; the session goes on
 * with the next connection. */
void midge_session_part(midge_session *session, const char *text);
/* Append the DISCONNECT that was wished for, and close. */
void midge_session_say_farewell(midge_session *session);
/* Whether `reason` of CONNACK or DISCONNECT heals by itself. */
bool midge_reason_is_lasting(midge_packet_type type, uint8_t reason);

#endif
