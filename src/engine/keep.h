/* Messages that are the store's until the program is done with them: the option
 * `inbox`. The server is answered when the record of a message is committed,
 * and the program is told then. MQTT 5, section 4.3.3, method B, in which the
 * message's owner is the store. */
#ifndef MIDGE_ENGINE_KEEP_H
#define MIDGE_ENGINE_KEEP_H

#include "engine/state.h"

/* Take a PUBLISH of QoS 1 or 2, its topic resolved, of which the debt is the
 * newest. Without memory the connection fails, and it has not come. False: it
 * is none of those. */
MIDGE_CHECKED bool midge_session_keep(midge_session *session,
                                      const midge_packet *publish,
                                      uint16_t alias, bool by_alias);
/* The oldest of those that wait gets a record, if there is room; false: it
 * does not, or the connection has failed. What it owes can be paid then. */
MIDGE_CHECKED bool midge_session_keep_next(midge_session *session,
                                           midge_kept **kept);
/* Tell of each whose record is committed by now, once there was a
 * connection. */
void midge_session_tell_kept(midge_session *session);
/* A connection begins, and is opened. */
void midge_session_tell_no_kept(midge_session *session);
void midge_session_begin_to_tell_kept(midge_session *session);
/* The program is done with it, or was to be asked nothing: it is gone. False:
 * there is none of this number that the program was told of. */
bool midge_session_let_go(midge_session *session, uint64_t number);
/* PUBREL has come: the identifier is not that of the message any more. */
void midge_session_release_kept(midge_session *session, uint16_t packet_id);
/* The session is lost: no identifier is. */
void midge_session_release_all_kept(midge_session *session);
/* The connection is gone: what has no record is the server's. */
void midge_session_drop_waiting(midge_session *session);
/* A record is given back. */
MIDGE_CHECKED midge_status
midge_session_restore_kept(midge_session *session, const midge_record *record);
MIDGE_CHECKED midge_status midge_session_restore_keeping(
    midge_session *session, const midge_record *record);

#endif
