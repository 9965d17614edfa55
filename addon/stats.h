/* What a client has done so far. */
#ifndef MIDGE_ADDON_STATS_H
#define MIDGE_ADDON_STATS_H

#include "environment.h"

/* JavaScript: stats. */
void midge_stats_export(midge_environment *environment, napi_value exports);

#endif
