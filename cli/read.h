/* From the words of a command line to its settings. */
#ifndef MIDGE_CLI_READ_H
#define MIDGE_CLI_READ_H

#include "settings.h"

/* Null, or why not: a sentence, kept. */
const char *settings_read(cli_settings *settings, cli_command command,
                          int count, char **words);

#endif
