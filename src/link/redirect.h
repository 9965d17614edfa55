/* Servers that send us elsewhere: MQTT 5, section 4.11. */
#ifndef MIDGE_LINK_REDIRECT_H
#define MIDGE_LINK_REDIRECT_H

#include "link/url.h"
#include "midge/session.h"

typedef struct midge_redirect {
  uint8_t most;    /* 0: a Server Reference is told and not followed */
  uint8_t count;   /* followed since a link was stable */
  midge_url *home; /* where to go back to; null: we are there */
} midge_redirect;

/* If `closed` has a Server Reference and it is to be followed, `url` is that
 * server from now on; false: it is as before. */
bool midge_redirect_follow(midge_redirect *redirect, midge_url *url,
                           const midge_event *closed);
/* An attempt ended without being sent on: back to where we were told to go. */
void midge_redirect_return(midge_redirect *redirect, midge_url *url);
/* A link lasted: it was no circle. */
void midge_redirect_settled(midge_redirect *redirect);
void midge_redirect_free(midge_redirect *redirect);

#endif
