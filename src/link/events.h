/* What the program has not been told yet: the link's own events, and those of
 * the session with what a link adds to them. */
#ifndef MIDGE_LINK_EVENTS_H
#define MIDGE_LINK_EVENTS_H

#include "link/machine.h"

/* Take what the session has: it is older than what the link tells next, and
 * may be news to the link itself. */
void midge_link_drain(midge_link *link);
/* Behind all others. Its buffer is held. */
void midge_link_tell(midge_link *link, const midge_event *event);
/* A wish that the session did not take has ended. */
void midge_link_refuse(midge_link *link, uint64_t ticket, uint32_t count,
                       midge_status status);
void midge_link_free_events(midge_link *link);

/* An event of this client, nothing else filled in. */
midge_event midge_link_new_event(const midge_link *link, midge_event_type type);

#endif
