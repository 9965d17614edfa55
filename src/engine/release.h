/* Messages of QoS 2 that are handed out at PUBREL: the option `at_release`.
 * MQTT 5, section 4.3.3, figure 4.3, method A. */
#ifndef MIDGE_ENGINE_RELEASE_H
#define MIDGE_ENGINE_RELEASE_H

#include "engine/state.h"

/* Accept a PUBLISH, its topic resolved: PUBREC is its answer. Without
 * memory the connection fails, and it has not come. Past the limit of bytes the
 * oldest ones are handed out before their PUBREL: the server must not lose
 * them, nor their order be lost, nor we grow. */
void midge_session_park(midge_session *session, const midge_packet *publish,
                        uint16_t alias, bool by_alias);
/* Its PUBREL is here, and it is parked. */
void midge_session_release(midge_session *session, uint16_t packet_id);
/* The PUBREL of one that has been released before is here. */
void midge_session_released_again(midge_session *session, uint16_t packet_id);
/* The program has it, or has answered: PUBCOMP is due. */
void midge_session_complete(midge_session *session, uint16_t packet_id);
/* The session of some is lost, and no PUBREL comes: the program has them all
 * the same, for the server was told that we do. */
void midge_session_release_orphans(midge_session *session);

#endif
