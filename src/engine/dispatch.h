/* The server's bytes on their way in. */
#ifndef MIDGE_ENGINE_DISPATCH_H
#define MIDGE_ENGINE_DISPATCH_H

#include "midge/session.h"

/* As midge_session_received, of bytes that lie in a buffer and do not change
 * any more: what is kept of them holds it, and nothing is copied but a packet
 * that has begun before them. Worth it when they fill most of it. */
void midge_session_received_in(midge_session *session, midge_slice bytes,
                               midge_buffer *buffer);

/* Where the next bytes may be written before they are told as received, `*size`
 * of them, `most` at most: those of a large packet are not copied then. Until
 * they are, nothing else is told. Null when they may lie anywhere. */
uint8_t *midge_session_room(midge_session *session, size_t most, size_t *size);

#endif
