/* The command line as one function, for whatever process it is in. */
#ifndef MIDGE_CLI_COMMAND_H
#define MIDGE_CLI_COMMAND_H

/* Runs what these words say, of which the first is the program, and returns the
 * code that the process is to end with. Standard input and output, SIGINT,
 * SIGTERM and SIGPIPE are its own meanwhile. Once in a process. */
int midge_command(int count, char **words);

#endif
