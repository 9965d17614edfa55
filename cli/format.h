/* How a message is printed: -F's sequences are mosquitto_sub's. */
#ifndef MIDGE_CLI_FORMAT_H
#define MIDGE_CLI_FORMAT_H

#include <stdio.h>

#include "settings.h"

/* Null, or what is wrong with it. */
const char *format_check(cli_settings *settings, const char *format);
/* The sequences of -F: what each stands for, and itself. Null behind the last.
 */
const char *format_sequence(size_t i, char sequence[3]);
/* One message, and the end of the line. */
void format_print(const cli_settings *settings, const midge_event *event,
                  FILE *out);

#endif
