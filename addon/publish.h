/* Publishing: the one call that must cost nothing. Topic and text go from
 * JavaScript's heap to the stack and on into the reactor's mailbox; nothing
 * is allocated in V8. */
#ifndef MIDGE_ADDON_PUBLISH_H
#define MIDGE_ADDON_PUBLISH_H

#include "environment.h"

void midge_publish_export(midge_environment *environment, napi_value exports);

#endif
