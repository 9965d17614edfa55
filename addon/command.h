/* The command line in a process of JavaScript, for npx. */
#ifndef MIDGE_ADDON_COMMAND_H
#define MIDGE_ADDON_COMMAND_H

#include "environment.h"

void midge_command_export(midge_environment *environment, napi_value exports);

#endif
