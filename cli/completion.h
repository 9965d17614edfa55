/* What shells read to complete the words of midge. */
#ifndef MIDGE_CLI_COMPLETION_H
#define MIDGE_CLI_COMPLETION_H

/* The words behind `completion`: the name of a shell. The code of the process.
 */
int completion_command(int count, char **words);

#endif
