/* What waits with QoS 0, in the journal: by the option durable_qos_0 a message
 * that is not sent at once has a record, which goes before its bytes do. So the
 * next process sends what this one did not begin to send, and nothing twice.
 *
 *   waits --put--> recorded --delete--> on its way --commit--> shown
 *     ^                                     |
 *     +----------- the connection ended ----+                            */
#ifndef MIDGE_ENGINE_FLEETING_H
#define MIDGE_ENGINE_FLEETING_H

#include "engine/state.h"

/* Those that were published just now and have to wait. */
void midge_session_keep_fleeting(midge_session *session);
/* The connection is gone, and what did not leave whole waits again. */
void midge_session_keep_rewound(midge_session *session);
/* The oldest, if it may be shown; null: there is none, or its record has yet to
 * go. */
midge_message *midge_session_next_fleeting(midge_session *session);

#endif
