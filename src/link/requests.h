/* Wishes that the session is told: those of the protocol. */
#ifndef MIDGE_LINK_REQUESTS_H
#define MIDGE_LINK_REQUESTS_H

#include "link/machine.h"

void midge_link_request(midge_link *link, const midge_wish *wish);

#endif
