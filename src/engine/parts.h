/* A request whose filters go in several packets. */
#ifndef MIDGE_ENGINE_PARTS_H
#define MIDGE_ENGINE_PARTS_H

#include "engine/state.h"

/* The first unsent request, if some of its filters are being renewed already,
 * or if it has more than the program wants in a packet: those that are renewed
 * join, and the rest becomes requests behind it. If nothing of it is awaited
 * then, it is answered. False: it is one packet. */
bool midge_session_divide(midge_session *session, midge_request *request);

#endif
