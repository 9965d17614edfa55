/* midge: MQTT on the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "commands.h"
#include "read.h"
#include "store.h"

static const struct {
  const char *name;
  cli_command command;
  const char *help, *usage;
  int (*run)(const cli_settings *settings);
} commands[] = {
    {"pub", PUB, "publish messages",
     "-t TOPIC -m TEXT | -f FILE | -l | -n | -s", publish_command},
    {"sub", SUB, "subscribe, and print what comes", "-t FILTER...",
     subscribe_command},
    {"rr", RR, "send a request and print the response",
     "-t TOPIC -e RESPONSE_TOPIC -m TEXT", request_command},
    {"record", RECORD, "write what comes into a file, with its timing",
     "-t FILTER... FILE", record_command},
    {"replay", REPLAY, "publish what such a file holds, with its timing",
     "FILE", replay_command},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void help(void) {
  puts("midge: an MQTT client\n");
  for (size_t i = 0; i < COMMANDS; i++)
    printf("  midge %-6s %s\n", commands[i].name, commands[i].help);
  puts(
      "  midge store  list, count, export or check what a session holds on disk"
      "\n\n  midge COMMAND --help     its options, which are mosquitto's"
      "\n  midge --version");
}

static int help_command(size_t i) {
  printf("midge %s: %s\n\n  midge %s [-h HOST] [-p PORT] %s\n\n",
         commands[i].name, commands[i].help, commands[i].name,
         commands[i].usage);
  arguments_print(commands[i].command);
  return EXIT_SUCCESS;
}

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

int main(int count, char **words) {
  if (count < 2 || strcmp(words[1], "--help") == 0) {
    help();
    return count < 2 ? EXIT_FAILURE : EXIT_SUCCESS;
  }
  if (strcmp(words[1], "--version") == 0) {
    puts("midge " MIDGE_VERSION);
    return EXIT_SUCCESS;
  }
  if (strcmp(words[1], "store") == 0)
    return store_command(count - 2, words + 2);
  for (size_t i = 0; i < COMMANDS; i++) {
    if (strcmp(words[1], commands[i].name) != 0) continue;
    for (int at = 2; at < count; at++) {
      if (strcmp(words[at], "--help") == 0) return help_command(i);
    }
    return run(i, count - 2, words + 2);
  }
  fprintf(stderr, "midge: %s is no command: see midge --help\n", words[1]);
  return EXIT_FAILURE;
}
