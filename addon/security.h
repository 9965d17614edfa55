/* TLS options, checked when they are given. */
#ifndef MIDGE_ADDON_SECURITY_H
#define MIDGE_ADDON_SECURITY_H

#include "environment.h"

void midge_security_export(midge_environment *environment, napi_value exports);

#endif
