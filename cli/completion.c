#include "completion.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "pages.h"

static const char others[] = "man completion";
static const char shells[] = "bash zsh fish";

/* What a value can be, by its name or that of its option. */
static const struct {
  const char *name, *words;
} choices[] = {
    {"QOS", "0 1 2"},
    {"PACKET NAME VALUE",
     "connect publish subscribe unsubscribe disconnect will"},
    {"--protocol-version", "mqttv5 mqttv311 mqttv31"},
    {"--tls-version", "tlsv1.1 tlsv1.2 tlsv1.3"},
};

static const char *choices_of(const cli_option *option) {
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
    const char *name = choices[i].name;
    if (option->value != NULL && strcmp(option->value, name) == 0)
      return choices[i].words;
    if (option->name != NULL && strcmp(option->name, name) == 0)
      return choices[i].words;
  }
  return NULL;
}

static bool is_place(const cli_option *option) {
  static const char *const names[] = {"FILE", "FOLDER", "PATH"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (option->value != NULL && strcmp(option->value, names[i]) == 0)
      return true;
  }
  return false;
}

/* A command whose last word is a file, as a set. */
static bool takes_file(const cli_page *page) {
  static const char last[] = "FILE";
  size_t size = sizeof last - 1;
  if (page->usage == NULL) return true;
  size_t all = strlen(page->usage);
  return all >= size && strcmp(page->usage + all - size, last) == 0;
}

static const char *each(size_t *i, unsigned commands, cli_option *option) {
  while (arguments_option((*i)++, option)) {
    if ((option->commands & commands) != 0)
      return option->name != NULL ? option->name : option->letter;
  }
  return NULL;
}

static void put_names(const char *before) {
  const cli_page *page;
  for (size_t i = 0; (page = page_at(i)) != NULL; i++)
    printf("%s%s", i == 0 ? before : " ", page->name);
  printf(" %s", others);
}

/* --- bash --- */

static void put_patterns(const cli_option *option) {
  printf("    %s%s%s)\n", option->letter ? option->letter : "",
         option->letter && option->name ? "|" : "",
         option->name ? option->name : "");
}

/* The value of an option, whichever command it is of. */
static void put_bash_values(void) {
  cli_option option;
  puts("  case $before in");
  for (size_t i = 0; arguments_option(i, &option); i++) {
    const char *words = choices_of(&option);
    if (option.value == NULL) continue;
    put_patterns(&option);
    if (words != NULL)
      printf("      COMPREPLY=($(compgen -W '%s' -- \"$word\"))\n", words);
    else if (is_place(&option))
      puts(
          "      compopt -o filenames 2>/dev/null\n"
          "      mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
    puts("      return ;;");
  }
  puts("  esac");
}

static void put_bash_command(const cli_page *page) {
  cli_option option;
  size_t i = 0;
  printf("    %s)\n      words='--help", page->name);
  while (page->command != 0 && each(&i, page->command, &option)) {
    if (option.letter != NULL) printf(" %s", option.letter);
    if (option.name != NULL) printf(" %s", option.name);
  }
  puts("'");
  if (page->actions != NULL)
    printf("      ((COMP_CWORD == 2)) && words='--help %s'\n", page->actions);
  if (takes_file(page)) puts("      files=yes");
  puts("      ;;");
}

static void put_bash(void) {
  const cli_page *page;
  puts(
      "# bash completion for midge: source <(midge completion bash)\n"
      "_midge() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} files= words=\n"
      "  local before=${COMP_WORDS[COMP_CWORD-1]}\n"
      "  COMPREPLY=()\n"
      "  if ((COMP_CWORD == 1)); then");
  put_names("    COMPREPLY=($(compgen -W '");
  puts(" --help --version' -- \"$word\"))\n    return\n  fi");
  put_bash_values();
  puts("  case ${COMP_WORDS[1]} in");
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) put_bash_command(page);
  put_names("    man) words='");
  printf("' ;;\n    completion) words='%s' ;;\n  esac\n", shells);
  puts(
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
      "  if [[ $files && $word != -* ]]; then\n"
      "    compopt -o filenames 2>/dev/null\n"
      "    mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -f -- "
      "\"$word\")\n"
      "  fi\n"
      "}\n"
      "complete -F _midge midge");
}

/* --- zsh --- */

static void put_zsh_help(const char *text) {
  putchar('[');
  for (; *text != '\0'; text++) {
    if (*text == '\'')
      fputs("'\\''", stdout);
    else if (strchr("[]:\\", *text) != NULL)
      printf("\\%c", *text);
    else
      putchar(*text);
  }
  putchar(']');
}

static void put_zsh_option(const cli_option *option, const char *word) {
  const char *words = choices_of(option);
  printf("        '*%s", word);
  put_zsh_help(option->help);
  if (option->value != NULL) printf(":%s:", option->value);
  if (words != NULL)
    printf("(%s)", words);
  else if (is_place(option))
    fputs("_files", stdout);
  puts("' \\");
}

static void put_zsh_command(const cli_page *page) {
  cli_option option;
  size_t i = 0;
  printf("    %s)\n      _arguments \\\n", page->name);
  while (page->command != 0 && each(&i, page->command, &option)) {
    if (option.letter != NULL) put_zsh_option(&option, option.letter);
    if (option.name != NULL) put_zsh_option(&option, option.name);
  }
  if (page->actions != NULL)
    printf("        '1:action:(%s)' \\\n", page->actions);
  if (takes_file(page)) puts("        '*:file:_files' \\");
  puts("        '--help[what there is]' ;;");
}

static void put_zsh(void) {
  const cli_page *page;
  puts(
      "#compdef midge\n"
      "# zsh completion for midge: source <(midge completion zsh)\n"
      "_midge() {\n"
      "  if ((CURRENT == 2)); then");
  put_names("    compadd -- ");
  puts(
      " --help --version\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  ((CURRENT--))\n"
      "  case $command in");
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) put_zsh_command(page);
  put_names("    man) compadd -- ");
  printf(" ;;\n    completion) compadd -- %s ;;\n  esac\n}\n", shells);
  puts(
      "if [[ $funcstack[1] == _midge ]]; then\n"
      "  _midge \"$@\"\n"
      "else\n"
      "  compdef _midge midge\n"
      "fi");
}

/* --- fish --- */

static void put_fish_text(const char *text) {
  putchar('\'');
  for (; *text != '\0'; text++) {
    if (*text == '\'' || *text == '\\') putchar('\\');
    putchar(*text);
  }
  putchar('\'');
}

/* The command is the first word: a later one may have the same name. */
static const char fish_begin[] =
    "# fish completion for midge: midge completion fish | source\n"
    "function __midge_begins\n"
    "  test (count (commandline -opc)) -eq $argv[1]\n"
    "end\n"
    "function __midge_is\n"
    "  set -l words (commandline -opc)\n"
    "  test \"$words[2]\" = $argv[1]\n"
    "end\n"
    "complete -c midge -f\n"
    "complete -c midge -l help -d 'what there is'\n"
    "complete -c midge -n '__midge_begins 1' -l version -d 'its version'\n";

static void put_fish_option(const cli_page *page, const cli_option *option) {
  const char *words = choices_of(option);
  printf("complete -c midge -n '__midge_is %s'", page->name);
  if (option->letter != NULL) printf(" -s %s", option->letter + 1);
  if (option->name != NULL) printf(" -l %s", option->name + 2);
  if (words != NULL)
    printf(" -x -a '%s'", words);
  else if (option->value != NULL)
    fputs(is_place(option) ? " -r -F" : " -x", stdout);
  fputs(" -d ", stdout);
  put_fish_text(option->help);
  puts("");
}

static void put_fish_action(const char *name, const char *words) {
  printf("complete -c midge -n '__midge_is %s; and __midge_begins 2' -a '%s'\n",
         name, words);
}

static void put_fish_command(const cli_page *page) {
  cli_option option;
  size_t i = 0;
  printf("complete -c midge -n '__midge_begins 1' -a %s -d ", page->name);
  put_fish_text(page->help);
  puts("");
  while (page->command != 0 && each(&i, page->command, &option))
    put_fish_option(page, &option);
  if (page->actions != NULL) put_fish_action(page->name, page->actions);
  if (!takes_file(page)) return;
  printf("complete -c midge -n '__midge_is %s%s' -F\n", page->name,
         page->actions != NULL ? "; and not __midge_begins 2" : "");
}

static void put_fish(void) {
  const cli_page *page;
  fputs(fish_begin, stdout);
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) put_fish_command(page);
  printf("complete -c midge -n '__midge_begins 1' -a '%s'\n", others);
  put_names("complete -c midge -n '__midge_is man; and __midge_begins 2' -a '");
  puts("'");
  put_fish_action("completion", shells);
}

int completion_command(int count, char **words) {
  static const struct {
    const char *name;
    void (*put)(void);
  } rows[] = {{"bash", put_bash}, {"zsh", put_zsh}, {"fish", put_fish}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (count != 1 || strcmp(words[0], rows[i].name) != 0) continue;
    rows[i].put();
    return EXIT_SUCCESS;
  }
  fputs("midge completion: name the shell: bash, zsh or fish\n", stderr);
  return EXIT_FAILURE;
}
