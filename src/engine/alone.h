/* One packet at a time, when the server has ended connections in a row over
 * one of several: which of them it was shows, and the others are answered. */
#ifndef MIDGE_ENGINE_ALONE_H
#define MIDGE_ENGINE_ALONE_H

#include "engine/state.h"

/* A connection is open, on which `window` messages may be unanswered. */
void midge_session_open_window(midge_session *session, uint16_t window);
/* Whether the next packet waits for the answer to the last one. */
bool midge_session_awaits_one(const midge_session *session);
/* The server has answered a wish for good: it is not what it breaks over. */
void midge_session_note_answer(midge_session *session);
/* The oldest request that the server has and has not answered, or null. */
midge_request *midge_session_oldest_request(const midge_session *session);

#endif
