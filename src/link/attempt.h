/* A client's attempts: from the first CONNECTING to the last CLOSED. */
#ifndef MIDGE_LINK_ATTEMPT_H
#define MIDGE_LINK_ATTEMPT_H

#include "link/filters.h"
#include "link/machine.h"

/* Begin an attempt now; none is under way. */
void midge_attempt_begin(midge_link *link);
/* Ask for a transport; the phase is ASKING. */
void midge_attempt_dial(midge_link *link);
/* What filters are made with for the current place. */
midge_way midge_attempt_way(const midge_link *link);
/* The transport is up; the filters shake hands, or the session has it. */
void midge_attempt_dialed(midge_link *link);
/* Bytes came; returns how many were taken. */
size_t midge_attempt_received(midge_link *link, midge_slice bytes,
                              midge_buffer *buffer);
/* The other side ended the stream, in order. */
void midge_attempt_ended(midge_link *link);
/* The transport broke while it was up. */
void midge_attempt_broken(midge_link *link, const midge_fault *fault);
/* The phase has lasted too long, or its time has come. */
void midge_attempt_late(midge_link *link);
/* End it, or the waiting for the next one, without more ado; `fault` says why
 * to the program, unless it was the program that wished for it. `again`: the
 * next one comes at once. */
void midge_attempt_cut(midge_link *link, const midge_fault *fault, bool again);

/* Wishes end of a session that ends with its connection, and has none. */
void midge_attempt_end_wishes(midge_link *link);

#endif
