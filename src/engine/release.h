/* Messages of QoS 2 that are handed out at PUBREL: the option `at_release`.
 * MQTT 5, section 4.3.3, figure 4.3, method A. */
#ifndef MIDGE_ENGINE_RELEASE_H
#define MIDGE_ENGINE_RELEASE_H

#include "engine/state.h"

/* Accept a PUBLISH, its topic resolved, all of which lies in `buffer` unless
 * that is null: PUBREC is its answer. Without
 * memory the connection fails, and it has not come. Past the limit of bytes the
 * oldest ones are handed out before their PUBREL: the server must not lose
 * them, nor their order be lost, nor we grow. */
void midge_session_park(midge_session *session, const midge_packet *publish,
                        uint16_t alias, bool by_alias, midge_buffer *buffer);
/* The program is asked whether it accepts a PUBLISH, its topic resolved, for
 * which an answer is owed. False: the connection has failed for want of
 * memory, and nobody is asked. */
MIDGE_CHECKED bool midge_session_propose(midge_session *session,
                                         const midge_packet *publish,
                                         uint16_t alias, bool by_alias);
/* What the program says to it. True: it waits for its PUBREL, or the connection
 * has failed. */
MIDGE_CHECKED bool midge_session_decide(midge_session *session,
                                        uint16_t packet_id, bool accepted);
/* Nobody waits for an answer to it, if it is there. */
void midge_session_withdraw(midge_session *session, uint16_t packet_id);
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
