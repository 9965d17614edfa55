/* CONNECT and CONNACK: MQTT 5, sections 3.1 and 3.2. */
#ifndef MIDGE_ENGINE_CONNECT_H
#define MIDGE_ENGINE_CONNECT_H

#include "engine/state.h"

MIDGE_CHECKED midge_status midge_credentials_check(midge_slice user_name,
                                                   midge_slice password,
                                                   midge_version version,
                                                   midge_text_policy text);
void midge_session_connack(midge_session *session, const midge_packet *packet);
/* A server of 3.x that refuses MQTT 5 says so in its own words. */
bool midge_session_is_old_refusal(const midge_session *session,
                                  midge_slice bytes, bool *whole);
void midge_session_refused_version(midge_session *session);

#endif
