/* The options of pub, sub and rr: their letters and names are mosquitto's, as
 * people type them blind. */
#ifndef MIDGE_CLI_ARGUMENTS_H
#define MIDGE_CLI_ARGUMENTS_H

#include "settings.h"

/* Reads the words into `settings`. Null, or a sentence that is kept. */
const char *arguments_read(cli_settings *settings, int count, char **words);

/* A line for each option of these commands. */
void arguments_print(unsigned commands);

#endif
