/* Enhanced authentication: MQTT 5, section 4.12. */
#ifndef MIDGE_ENGINE_AUTHENTICATE_H
#define MIDGE_ENGINE_AUTHENTICATE_H

#include "engine/state.h"

void midge_session_auth(midge_session *session, const midge_packet *packet);
bool midge_session_method_matches(const midge_session *session,
                                  midge_slice properties);

#endif
