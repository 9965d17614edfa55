/* JavaScript hands over what it has written for us; see outgoing.h. */
#ifndef MIDGE_ADDON_FLUSH_H
#define MIDGE_ADDON_FLUSH_H

#include "environment.h"

/* JavaScript: flush, room. */
void midge_flush_export(midge_environment *environment, napi_value exports);

#endif
