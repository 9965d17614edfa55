/* The options of pub, sub and rr: their letters and names are mosquitto's, as
 * people type them blind. */
#ifndef MIDGE_CLI_ARGUMENTS_H
#define MIDGE_CLI_ARGUMENTS_H

#include "settings.h"

/* Reads the words into `settings`. Null, or a sentence that is kept. */
const char *arguments_read(cli_settings *settings, int count, char **words);

/* Whether a word asks for --help; `all`: and for all options. */
bool arguments_ask_for_help(const char *word, bool *all);

/* What people are told of an option. */
typedef struct cli_option {
  const char *letter, *name; /* one may be null */
  const char *value;         /* what it is called; null: it has none */
  const char *help;
  unsigned commands;
} cli_option;

/* Each that is not there only to be refused; false behind the last. */
bool arguments_option(size_t i, cli_option *option);
/* That of one of these commands with this letter or name, or false. */
bool arguments_find(unsigned commands, const char *word, cli_option *option);

#endif
