/* The commands: each runs, and returns the code of the process. */
#ifndef MIDGE_CLI_COMMANDS_H
#define MIDGE_CLI_COMMANDS_H

#include "settings.h"

/* How a message that is wanted is printed. */
typedef void cli_printer(void *context, const cli_settings *settings,
                         const midge_event *event);

int publish_command(const cli_settings *settings);
int subscribe_command(const cli_settings *settings);
int request_command(const cli_settings *settings);
int record_command(const cli_settings *settings);
int replay_command(const cli_settings *settings);

/* What subscribe_command does, with another printer. */
int subscribe_with(const cli_settings *settings, cli_printer *print,
                   void *context);

#endif
