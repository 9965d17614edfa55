/* From a name to a connected socket: look the name up, then race its
 * addresses, the next one starting when the one before has failed or has had
 * its head start (RFC 8305). */
#ifndef MIDGE_REACTOR_DIAL_H
#define MIDGE_REACTOR_DIAL_H

#include "reactor/link.h"

/* Begin; ends in midge_attempt_dialed or midge_attempt_failed, later.
 * MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_dial_start(midge_dial **dial,
                                            midge_client *client,
                                            const midge_url *where);
/* It is not wanted any more, and calls nobody; frees itself, when a lookup
 * that cannot be stopped has ended. */
void midge_dial_cancel(midge_dial *dial);

/* A connection came up, or did not; for link.c. */
void midge_dial_connected(midge_dial *dial, midge_link *link, int status);

#endif
