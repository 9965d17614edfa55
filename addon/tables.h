/* The lists of include/midge for JavaScript: errors, reason codes,
 * properties. */
#ifndef MIDGE_ADDON_TABLES_H
#define MIDGE_ADDON_TABLES_H

#include "environment.h"

void midge_tables_export(midge_environment *environment, napi_value exports);

#endif
