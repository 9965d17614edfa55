/* What is sent: from the command line, a file or standard input. */
#ifndef MIDGE_CLI_INPUT_H
#define MIDGE_CLI_INPUT_H

#include "settings.h"

/* Bytes that were read and not yet taken. Zero is empty. */
typedef struct cli_input {
  uint8_t *bytes;
  size_t first, size, capacity;
} cli_input;

/* The payload that the settings name; it belongs to `input` or to them. False:
 * it cannot be read, and that was said. */
bool input_load(cli_input *input, const cli_settings *settings,
                midge_slice *payload);

/* One read: 1, 0 at the end, -1 with errno. */
int input_read(cli_input *input, int file);
/* The next whole line, without its end; `at_end`: the rest is one too. It is on
 * loan until the next _read. */
bool input_line(cli_input *input, bool at_end, midge_slice *line);
void input_free(cli_input *input);

#endif
