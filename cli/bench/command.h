/* midge bench: what a server, and a network before it, can do. */
#ifndef MIDGE_CLI_BENCH_COMMAND_H
#define MIDGE_CLI_BENCH_COMMAND_H

/* The words behind `bench`; the code of the process. */
int bench_command(int count, char **words);

#endif
