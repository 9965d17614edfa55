/* midge store: what a store holds, from outside. */
#ifndef MIDGE_CLI_STORE_H
#define MIDGE_CLI_STORE_H

/* What --help says. */
extern const char store_usage[];

/* The words behind `store`; the code of the process. */
int store_command(int count, char **words);

#endif
