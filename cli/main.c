/* midge: MQTT on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "bench/command.h"
#include "command.h"
#include "commands.h"
#include "completion.h"
#include "help.h"
#include "manual.h"
#include "pages.h"
#include "read.h"
#include "spelling.h"
#include "store.h"

static const struct {
  const char *name;
  cli_command command;
  int (*run)(const cli_settings *settings);
} commands[] = {
    {"pub", PUB, publish_command},      {"sub", SUB, subscribe_command},
    {"rr", RR, request_command},        {"record", RECORD, record_command},
    {"replay", REPLAY, replay_command},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int run(size_t i, int count, char **words) {
  cli_settings settings;
  const char *wrong =
      settings_read(&settings, commands[i].command, count, words);
  int code = EXIT_FAILURE;
  if (wrong == NULL)
    code = commands[i].run(&settings);
  else if (!settings.quiet)
    fprintf(stderr, "midge %s: %s\n", commands[i].name, wrong);
  settings_free(&settings);
  return code;
}

/* help, or help COMMAND, as --help. */
static int help(int count, char **words) {
  const cli_page *page = count == 1 ? page_find(words[0]) : NULL;
  if (count == 0) {
    help_print();
  } else if (page == NULL) {
    fputs("midge help: name one command, or none: see midge --help\n", stderr);
    return EXIT_FAILURE;
  } else {
    help_print_page(page, false);
  }
  return EXIT_SUCCESS;
}

/* The one that was meant, where that can be told: pubb, publish. */
static const char *meant(const char *word) {
  const cli_page *page;
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) {
    bool begins = strlen(page->name) > 2 &&
                  strncmp(word, page->name, strlen(page->name)) == 0;
    if (begins || spelling_is_like(word, page->name)) return page->name;
  }
  return NULL;
}

static int refuse(const char *word) {
  const char *name = meant(word);
  if (name == NULL)
    fprintf(stderr, "midge: %s is no command: see midge --help\n", word);
  else
    fprintf(stderr, "midge: %s is no command: did you mean midge %s?\n", word,
            name);
  return EXIT_FAILURE;
}

static int command(int count, char **words) {
  bool all;
  if (count < 2 || arguments_ask_for_help(words[1], &all)) {
    help_print();
    return count < 2 ? EXIT_FAILURE : EXIT_SUCCESS;
  }
  if (strcmp(words[1], "--version") == 0) {
    puts("midge " MIDGE_VERSION);
    return EXIT_SUCCESS;
  }
  if (strcmp(words[1], "help") == 0) return help(count - 2, words + 2);
  if (strcmp(words[1], "store") == 0)
    return store_command(count - 2, words + 2);
  if (strcmp(words[1], "man") == 0) return manual_command(count - 2, words + 2);
  if (strcmp(words[1], "completion") == 0)
    return completion_command(count - 2, words + 2);
  if (strcmp(words[1], "bench") == 0)
    return bench_command(count - 2, words + 2);
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(words[1], commands[i].name) != 0) continue;
    for (int at = 2; at < count; at++) {
      if (!arguments_ask_for_help(words[at], &all)) continue;
      help_print_page(page_find(commands[i].name), all);
      return EXIT_SUCCESS;
    }
    return run(i, count - 2, words + 2);
  }
  return refuse(words[1]);
}

int midge_command(int count, char **words) {
  /* Node.js takes the buffer away: each word would be a call of the system, and
   * what cannot be written would not be noticed. */
  setvbuf(stdout, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
  int code = command(count, words);
  bool is_whole = fflush(stdout) == 0 && !ferror(stdout);
  if (is_whole || code != EXIT_SUCCESS) return code;
  fputs("midge: standard output takes nothing more\n", stderr);
  return EXIT_FAILURE;
}
