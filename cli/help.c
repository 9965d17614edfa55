#include "help.h"

#include <stdio.h>
#include <string.h>

#include "arguments.h"

void help_print(void) {
  const cli_page *page;
  puts("midge: an MQTT client\n");
  for (size_t i = 0; (page = page_at(i)) != NULL; i++)
    printf("  midge %-11s %s\n", page->name, page->help);
  puts(
      "  midge man         [COMMAND]: the manual, for man -l -\n"
      "  midge completion  bash, zsh or fish: what the shell completes\n"
      "\n"
      "  midge COMMAND --help     the options that people begin with\n"
      "  midge COMMAND --help=all all options; they are mosquitto's\n"
      "  midge --version");
}

static void print_option(const cli_option *option) {
  char left[64];
  snprintf(left, sizeof left, "%s%s%s%s%s",
           option->letter ? option->letter : "",
           option->letter && option->name ? ", " : "",
           option->name ? option->name : "", option->value ? " " : "",
           option->value ? option->value : "");
  printf("  %-34s  %s\n", left, option->help);
}

/* In the order in which the page names them. */
static void print_some(const cli_page *page) {
  char list[256], *rest = NULL;
  snprintf(list, sizeof list, "%s", page->options);
  for (char *name = strtok_r(list, " ", &rest); name != NULL;
       name = strtok_r(NULL, " ", &rest)) {
    cli_option option;
    if (arguments_find(page->command, name, &option)) print_option(&option);
  }
}

static void print_all(const cli_page *page) {
  cli_option option;
  for (size_t i = 0; arguments_option(i, &option); i++) {
    if ((option.commands & page->command) != 0) print_option(&option);
  }
}

void help_print_page(const cli_page *page, bool all) {
  if (page->options == NULL) {
    puts(page->text);
    return;
  }
  bool acts = page->actions != NULL;
  printf("midge %s: %s\n\n  midge %s %s%s[-h HOST] [-p PORT] %s\n\n",
         page->name, page->help, page->name, acts ? page->usage : "",
         acts ? " " : "", acts ? "..." : page->usage);
  if (page->lead != NULL) puts(page->lead);
  if (all) {
    print_all(page);
    return;
  }
  print_some(page);
  printf(
      "\n  --help=all lists all options; midge man %s | man -l - says more\n",
      page->name);
}
