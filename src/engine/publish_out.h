/* Messages on their way out: MQTT 5, sections 3.3, 4.3, 4.4 and 4.9. */
#ifndef MIDGE_ENGINE_PUBLISH_OUT_H
#define MIDGE_ENGINE_PUBLISH_OUT_H

#include "engine/state.h"

void midge_session_puback(midge_session *session, const midge_packet *packet);
void midge_session_pubrec(midge_session *session, const midge_packet *packet);
void midge_session_pubcomp(midge_session *session, const midge_packet *packet);

/* Messages enter the window: they get their identifiers. */
void midge_session_admit(midge_session *session);
/* The next of QoS 1 and 2 that may be shown, or null. */
midge_message *midge_session_next_publish(const midge_session *session);
void midge_session_show_message(midge_session *session, midge_message *message);

/* The output moved: QoS 0 that is out is done. */
void midge_session_finish_sent(midge_session *session);
/* A message ends, well or not. */
void midge_session_finish_message(midge_session *session,
                                  midge_message *message, midge_status status,
                                  const midge_packet *answer);
/* Nobody waits any longer: what was not sent never is, and what was sent ends
 * its flow by itself. */
void midge_session_end_message(midge_session *session, midge_message *message,
                               midge_status status);
/* The connection is gone: what was shown is to be shown again. */
void midge_session_rewind_messages(midge_session *session);
void midge_session_expire_messages(midge_session *session);
/* A session begins anew: what was in flight is sent as new. */
void midge_session_renew(midge_session *session);

#endif
