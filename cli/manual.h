/* The manual, as man and groff read it. */
#ifndef MIDGE_CLI_MANUAL_H
#define MIDGE_CLI_MANUAL_H

/* The words behind `man`: none, the name of a command, or --list for the names
 * of all that have a page. The code of the process. */
int manual_command(int count, char **words);

#endif
