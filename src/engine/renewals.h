/* Subscribing again to what the server has lost with the session. */
#ifndef MIDGE_ENGINE_RENEWALS_H
#define MIDGE_ENGINE_RENEWALS_H

#include "engine/state.h"

/* Ahead of everything that waits, so that no message is missed. A renewal has
 * no key, and goes again on the next connection until it is answered. With
 * `forget_subscriptions` there is nothing left of them. */
void midge_session_subscribe_again(midge_session *session);
/* If this is an UNSUBSCRIBE, it is sent, or answered: a SUBSCRIBE before it may
 * have been granted in between. One behind it stands. */
void midge_session_forget_unsubscribed(midge_session *session,
                                       const midge_request *request);
/* An UNSUBSCRIBE of which a filter was granted to a SUBSCRIBE behind it, so
 * that the server has done it. */
bool midge_session_is_overtaken(const midge_session *session,
                                const midge_request *request);
/* This request renews no longer: it was answered, or is given up. */
void midge_session_end_renewal(midge_session *session,
                               const midge_request *request);
/* This request renews, and was answered so. */
void midge_session_note_renewed(midge_session *session,
                                const midge_request *request,
                                midge_slice reasons);
/* The same filter with the same options, if it is being renewed, or was just
 * now: then nobody renews it any more. Else null, and what differs is asked for
 * behind the renewal, so nobody may join that any more. */
midge_remembered *midge_session_renewal_of(midge_session *session,
                                           const midge_packet *request,
                                           const midge_packet_filter *filter);

/* A filter as on the wire; returns the end. */
uint8_t *midge_put_filter(uint8_t *to, midge_slice filter);

#endif
