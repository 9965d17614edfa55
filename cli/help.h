/* --help, which fits a screen. */
#ifndef MIDGE_CLI_HELP_H
#define MIDGE_CLI_HELP_H

#include <stdbool.h>

#include "pages.h"

/* Of midge itself. */
void help_print(void);
/* Of a command: the options that people begin with, or all of them. */
void help_print_page(const cli_page *page, bool all);

#endif
