/* A transport that JavaScript carries: a Duplex of the program's own. What the
 * client wants of it are events; these functions tell what happened to it. */
#ifndef MIDGE_ADDON_TRANSPORT_H
#define MIDGE_ADDON_TRANSPORT_H

#include "environment.h"

void midge_transport_export(midge_environment *environment, napi_value exports);

#endif
