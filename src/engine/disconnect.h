/* DISCONNECT, either way, and what is left when a connection is gone: MQTT 5,
 * section 3.14. */
#ifndef MIDGE_ENGINE_DISCONNECT_H
#define MIDGE_ENGINE_DISCONNECT_H

#include "engine/state.h"

void midge_session_server_disconnect(midge_session *session,
                                     const midge_packet *packet);

#endif
