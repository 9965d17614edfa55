/* SUBSCRIBE and UNSUBSCRIBE on their way out: MQTT 5, sections 3.8 to 3.11. */
#ifndef MIDGE_ENGINE_SUBSCRIBE_OUT_H
#define MIDGE_ENGINE_SUBSCRIBE_OUT_H

#include "engine/state.h"

void midge_session_suback(midge_session *session, const midge_packet *packet);
void midge_session_unsuback(midge_session *session, const midge_packet *packet);

/* Show the first unsent request. */
void midge_session_show_request(midge_session *session);
void midge_session_expire_requests(midge_session *session);
void midge_session_finish_request(midge_session *session,
                                  midge_request *request, midge_status status,
                                  const midge_packet *answer);
/* Nobody waits any longer: what was not sent never is, and what was sent ends
 * its flow by itself. */
void midge_session_end_request(midge_session *session, midge_request *request,
                               midge_status status);
/* Ended requests give their identifiers back, the others are unsent. */
void midge_session_rewind_requests(midge_session *session);

#endif
