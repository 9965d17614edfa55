/* The turn of a client's session: move the clock, tell it facts and wishes,
 * take events, write output, set the timer. */
#ifndef MIDGE_REACTOR_TURN_H
#define MIDGE_REACTOR_TURN_H

#include "reactor/client.h"

/* Move the session's clock, but not past its deadline: what has come in is
 * told first, since it may be what the session waits for. */
void midge_client_tick(midge_client *client);
/* Take the session's events. */
void midge_client_take_events(midge_client *client);
/* The rest of a turn, when all is told. */
void midge_client_turn(midge_client *client);
/* A turn for its own sake: the timer has fired. */
void midge_client_wake(midge_client *client);
/* Read from the link or not, as the queues allow. */
void midge_client_flow(midge_client *client);

/* Do what the program wants; the turn comes later. */
void midge_client_tell(midge_client *client, const midge_wish *wish);
/* The same with what had to wait for the end of a connection. */
void midge_client_tell_deferred(midge_client *client);

#endif
