/* Blocking calls: JavaScript's thread waits for one event of one client. All
 * that is taken meanwhile, that event too, goes to the stash and is delivered
 * on a later turn of the loop. */
#ifndef MIDGE_ADDON_WAIT_H
#define MIDGE_ADDON_WAIT_H

#include "environment.h"

void midge_wait_export(midge_environment *environment, napi_value exports);

#endif
