/* What is said of each command: by --help, by the manual and to the shells. */
#ifndef MIDGE_CLI_PAGES_H
#define MIDGE_CLI_PAGES_H

#include <stddef.h>

typedef struct cli_page {
  const char *name;
  unsigned command;    /* whose options it has; 0: none of the table */
  const char *actions; /* words that follow the name, or null */
  const char *help;    /* one line */
  const char *usage;   /* behind its name; if that has actions, at once */
  const char *lead;    /* lines of --help before the options, or null */
  const char *options; /* those that people begin with, by blanks */
  const char *text;    /* paragraphs, with an empty line between */
  const char *examples;
} cli_page;

/* In the order of --help; null behind the last. */
const cli_page *page_at(size_t i);
/* Null: there is no such command. */
const cli_page *page_find(const char *name);

#endif
