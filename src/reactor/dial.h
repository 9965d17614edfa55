/* From a name to a connected socket: look the name up, then race its
 * addresses, the next one starting when the one before has failed or has had
 * its head start (RFC 8305). */
#ifndef MIDGE_REACTOR_DIAL_H
#define MIDGE_REACTOR_DIAL_H

#include "link/link.h"
#include "reactor/loop.h"
#include "reactor/socket.h"

typedef struct midge_dial midge_dial;

/* Who dials. One of these is told, once, later; the dial is gone then. */
typedef struct midge_dialer {
  void (*dialed)(void *context, midge_socket *socket); /* is the dialer's */
  void (*failed)(void *context, const midge_fault *fault);
} midge_dialer;

/* What `place` points at is copied. Null when there is no memory. */
midge_dial *midge_dial_start(midge_reactor *reactor, const midge_place *place,
                             const midge_dialer *dialer, void *context);
/* It is not wanted any more, and tells nobody; frees itself. */
void midge_dial_cancel(midge_dial *dial);

#endif
