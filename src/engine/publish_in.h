/* Messages on their way in: MQTT 5, sections 3.3, 4.3 and 4.5. */
#ifndef MIDGE_ENGINE_PUBLISH_IN_H
#define MIDGE_ENGINE_PUBLISH_IN_H

#include "engine/state.h"

void midge_session_publish_in(midge_session *session,
                              const midge_packet *packet);
void midge_session_pubrel(midge_session *session, const midge_packet *packet);
/* A message of QoS 1 or 2 was handed out: answer it unless that is done by
 * hand. */
void midge_session_handed_out(midge_session *session, midge_event *event,
                              midge_owed owed);
/* The server has the session, and sends again what was held when the last
 * connection ended: it is as if that had not come. */
void midge_session_drop_stranded(midge_session *session);

#endif
