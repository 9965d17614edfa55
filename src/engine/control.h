/* Small packets: they leave in the order in which they were decided
 * [MQTT-4.6.0-2 to -4], and not before the records they rest on are safe. */
#ifndef MIDGE_ENGINE_CONTROL_H
#define MIDGE_ENGINE_CONTROL_H

#include "engine/state.h"

void midge_session_control(midge_session *session, midge_packet_type type,
                           uint16_t packet_id, uint8_t reason);
/* The same, well, for each of these; `count` is not 0. */
void midge_session_control_all(midge_session *session, midge_packet_type type,
                               const midge_answer *answers, size_t count);
void midge_session_show_controls(midge_session *session);
/* Write one packet into the output. False: it is larger than the server takes,
 * or memory ran out (then the connection was failed). */
bool midge_session_show(midge_session *session, const midge_packet *packet);

#endif
