/* Wishes about connections: they change what is desired. */
#ifndef MIDGE_LINK_DESIRE_H
#define MIDGE_LINK_DESIRE_H

#include "link/machine.h"

void midge_link_connect(midge_link *link, const midge_wish *wish);
void midge_link_disconnect(midge_link *link, const midge_wish *wish);
/* Without DISCONNECT; nothing is owed when no connection was asked for. */
void midge_link_abort(midge_link *link);
/* Break off what is under way and begin anew. */
void midge_link_reconnect(midge_link *link);
/* Credentials, and leave to dial. */
void midge_link_proceed(midge_link *link, const midge_wish *wish);
/* The handle was given up: goodbye, or the end. False: first the goodbye, and
 * the wish is to be made again after it. */
MIDGE_CHECKED bool midge_link_close(midge_link *link);

#endif
