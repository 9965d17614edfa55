/* A client's attempts: from the wish to be connected to the last CLOSED.
 *
 *     IDLE -> [ASKING] -> DIALING -> [SHAKING] -> LINKED -> CLOSING -+
 *      ^         ^           |           |          |               |
 *      |         +- WAITING <-+-----------+----------+---------------+
 *      +---------------------------------------------- given up, goodbye
 *
 * Each attempt is one CONNECTING and one CLOSED, whatever happens. */
#ifndef MIDGE_REACTOR_ATTEMPT_H
#define MIDGE_REACTOR_ATTEMPT_H

#include "reactor/link.h"
#include "reactor/turn.h"

/* --- What the program wants --- */

/* Begin an attempt now; the phase is IDLE or WAITING. */
void midge_attempt_begin(midge_client *client);
/* Dial; the phase is ASKING. */
void midge_attempt_proceed(midge_client *client);
/* The attempt under way ends without more ado: the link is cut. */
void midge_attempt_cut(midge_client *client, const midge_fault *fault);
/* CLOSED with MIDGE_OK, for a goodbye without an attempt to end. */
void midge_attempt_say_closed(midge_client *client);
/* Every wish ends, then the client. */
void midge_attempt_leave(midge_client *client);

/* --- What happened --- */

/* The time of the phase is up. */
void midge_attempt_timed_out(midge_client *client);
/* The session has said CLOSED. */
void midge_attempt_closing(midge_client *client);
/* The output of a session that has said CLOSED was written, perhaps all. */
void midge_attempt_flushed(midge_client *client);

/* From the dial: it is up, or it is not to be. */
void midge_attempt_dialed(midge_client *client, midge_link *link);
void midge_attempt_failed(midge_client *client, const midge_fault *fault);

/* From the link: the stream has ended, with UV_EOF or an error. */
void midge_attempt_ended(midge_client *client, int error);
/* From the link: its filters took bytes from the socket. */
void midge_attempt_filtered(midge_client *client);
/* From the link: a write that waited is done. */
void midge_attempt_written(midge_client *client);

#endif
