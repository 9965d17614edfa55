/* Subscribing again to what the server has lost with the session. */
#ifndef MIDGE_ENGINE_RENEWALS_H
#define MIDGE_ENGINE_RENEWALS_H

#include "engine/state.h"

/* Ahead of everything that waits, so that no message is missed. A renewal has
 * no key, and goes again on the next connection until it is answered. */
void midge_session_subscribe_again(midge_session *session);
/* This request renews no longer: it was answered, or is given up. */
void midge_session_end_renewal(midge_session *session,
                               const midge_request *request);
/* Where this filter of a request is being renewed with the same options; null
 * if it is not. What differs is asked for behind the renewal, so nobody may
 * join that any more. */
const midge_remembered *midge_session_renewal_of(
    midge_session *session, const midge_packet *request,
    const midge_packet_filter *filter);

/* A filter as on the wire; returns the end. */
uint8_t *midge_put_filter(uint8_t *to, midge_slice filter);

#endif
