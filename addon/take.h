/* One call of JavaScript takes a batch of events. */
#ifndef MIDGE_ADDON_TAKE_H
#define MIDGE_ADDON_TAKE_H

#include "environment.h"

/* JavaScript: take() makes the next batch and returns its records' number. */
void midge_take_export(midge_environment *environment, napi_value exports);

#endif
