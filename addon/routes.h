/* Which filters match a topic, for those that JavaScript has handlers for. */
#ifndef MIDGE_ADDON_ROUTES_H
#define MIDGE_ADDON_ROUTES_H

#include "environment.h"

/* JavaScript: match. */
void midge_routes_export(midge_environment *environment, napi_value exports);

#endif
