/* The server's bytes on their way in. */
#ifndef MIDGE_ENGINE_DISPATCH_H
#define MIDGE_ENGINE_DISPATCH_H

#include "midge/session.h"

/* As midge_session_received, of bytes that lie in a buffer and do not change
 * any more: what is kept of them holds it, and nothing is copied but a packet
 * that has begun before them. Worth it when they fill most of it. */
void midge_session_received_in(midge_session *session, midge_slice bytes,
                               midge_buffer *buffer);

#endif
