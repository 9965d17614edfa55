/* The commands: each runs, and returns the code of the process. */
#ifndef MIDGE_CLI_COMMANDS_H
#define MIDGE_CLI_COMMANDS_H

#include "settings.h"

int publish_command(const cli_settings *settings);
int subscribe_command(const cli_settings *settings);
int request_command(const cli_settings *settings);

#endif
