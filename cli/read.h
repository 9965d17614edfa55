/* From the words of a command line to its settings. */
#ifndef MIDGE_CLI_READ_H
#define MIDGE_CLI_READ_H

#include "settings.h"

/* Null, or why not: a sentence, kept. */
const char *settings_read(cli_settings *settings, cli_command command,
                          int count, char **words);

/* Null, or why it can be no topic, or no filter: a sentence, kept. */
const char *topic_refused(cli_settings *settings, midge_slice topic,
                          bool is_filter);

#endif
