#include "manual.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "format.h"
#include "pages.h"
#include "settings.h"

/* --- Text --- */

enum { LINE = 60 };

static bool is_option(const char *text, const char *at) {
  bool begins = at == text || strchr(" (['|-", at[-1]) != NULL;
  return begins && at[1] != ' ' && at[1] != '\0';
}

static void put_letter(const char *text, const char *at) {
  if (*at == '\\')
    fputs("\\e", stdout);
  else if (*at == '-' && is_option(text, at))
    fputs("\\-", stdout);
  else if (*at == '~' || *at == '^')
    printf("\\(%s", *at == '~' ? "ti" : "ha");
  else
    putchar(*at);
}

/* As text, whatever roff would see in it, in lines of some length. None begins
 * with an order to roff. */
static void put_text(const char *text) {
  bool is_first = true;
  size_t column = 0;
  for (const char *at = text; *at != '\0'; at++, column++) {
    if (is_first && (*at == '.' || *at == '\'')) fputs("\\&", stdout);
    is_first = *at == '\n' || (*at == ' ' && column > LINE);
    if (is_first) column = 0;
    if (is_first)
      putchar('\n');
    else
      put_letter(text, at);
  }
}

static void put_line(const char *before, const char *text) {
  fputs(before, stdout);
  put_text(text);
  putchar('\n');
}

static void put_paragraphs(const char *text) {
  for (const char *end; (end = strstr(text, "\n\n")) != NULL; text = end + 2) {
    char *one = strndup(text, (size_t)(end - text));
    if (one != NULL) put_line("", one);
    free(one);
    puts(".PP");
  }
  put_line("", text);
}

static void put_as_is(const char *text) {
  puts(".nf");
  put_line("", text);
  puts(".fi");
}

/* --- Sections --- */

static void put_option(const cli_option *option) {
  puts(".TP");
  fputs("\\fB", stdout);
  if (option->letter != NULL) put_text(option->letter);
  if (option->letter != NULL && option->name != NULL)
    fputs("\\fR, \\fB", stdout);
  if (option->name != NULL) put_text(option->name);
  fputs("\\fR", stdout);
  if (option->value != NULL) printf(" \\fI%s\\fR", option->value);
  put_line("\n", option->help);
}

static void put_options(const cli_page *page) {
  cli_option option;
  puts(".SH OPTIONS");
  for (size_t i = 0; arguments_option(i, &option); i++) {
    if ((option.commands & page->command) != 0) put_option(&option);
  }
}

static void put_formats(const cli_page *page) {
  cli_option option;
  char sequence[3];
  const char *text;
  if (!arguments_find(page->command, "-F", &option)) return;
  puts(".SH FORMAT");
  put_paragraphs(
      "In FORMAT these sequences stand for parts of the message. Between the "
      "percent sign and the letter there may be a width, with - before it to "
      "fill up on the right or 0 to do so with zeros, and behind a point how "
      "much of a text there may be: %-20.10t.");
  for (size_t i = 0; (text = format_sequence(i, sequence)) != NULL; i++) {
    puts(".TP");
    put_line("\\fB", sequence);
    put_line("\\fR", text);
  }
  puts(".PP");
  put_paragraphs(
      "@ and a letter is what strftime has for it, @N are nanoseconds. Beside "
      "these there are \\\\, \\0, \\a, \\e, \\n, \\r, \\t and \\v.");
}

static void put_exits(const cli_page *page) {
  static const struct {
    const char *code, *text;
    unsigned commands;
  } rows[] = {
      {"0", "done, or SIGINT or SIGTERM asked it to end", ANY},
      {"1",
       "wrong words, the connection failed, a message was refused, or "
       "standard output takes nothing more",
       TALK},
      {"1", "wrong words, or it could not be measured", BENCH},
      {"2", "it was measured, and --assert does not hold", BENCH},
      {"7", "the connection ended before it was accepted", TALK},
      {"8", "TLS failed: the certificate, say", TALK},
      {"27", "the time of -W is over", SUB | RR | RECORD},
      {"other",
       "the server's code, when it refused the connection or every "
       "subscription",
       TALK},
  };
  puts(".SH EXIT STATUS");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if ((rows[i].commands & page->command) == 0) continue;
    printf(".TP\n\\fB%s\\fR\n", rows[i].code);
    put_line("", rows[i].text);
  }
}

static void put_see_also(const char *but) {
  const cli_page *page;
  puts(".SH SEE ALSO");
  if (but != NULL) fputs(".BR midge (1)", stdout);
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) {
    if (page->name == but) continue;
    bool is_first = but == NULL && i == 0;
    printf("%s.BR midge\\-%s (1)", is_first ? "" : ",\n", page->name);
  }
  puts("");
}

static void put_title(const char *name, const char *help) {
  const char *dash = name[0] == '\0' ? "" : "\\-";
  printf(".TH MIDGE%s", dash);
  for (const char *at = name; *at != '\0'; at++)
    putchar(toupper((unsigned char)*at));
  puts(" 1 \"" MIDGE_DATE "\" \"midge " MIDGE_VERSION "\" \"MQTT\"");
  printf(".SH NAME\nmidge%s%s \\- %s\n", dash, name, help);
}

/* --- Pages --- */

static void put_page(const cli_page *page) {
  put_title(page->name, page->help);
  puts(".SH SYNOPSIS");
  if (page->command != 0) {
    bool acts = page->actions != NULL;
    printf(".B midge %s\n%s%s[\\fIOPTION\\fR]...%s", page->name,
           acts ? page->usage : "", acts ? " " : "", acts ? "" : " ");
    put_line("", acts ? "" : page->usage);
    puts(".SH DESCRIPTION");
    put_paragraphs(page->text);
    put_options(page);
    put_formats(page);
    put_exits(page);
  } else {
    printf(".B midge %s\n\\fIACTION\\fR\n.SH DESCRIPTION\n", page->name);
    put_as_is(page->text);
  }
  puts(".SH EXAMPLES");
  put_as_is(page->examples);
  put_see_also(page->name);
}

static void put_overview(void) {
  const cli_page *page;
  put_title("", "publish, subscribe and more with MQTT");
  puts(".SH SYNOPSIS\n.B midge\n\\fICOMMAND\\fR [\\fIOPTION\\fR]...");
  puts(".SH DESCRIPTION");
  put_paragraphs(
      "The options, formats and exit codes of pub, sub and rr are those of "
      "mosquitto_pub, mosquitto_sub and mosquitto_rr.");
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) {
    printf(".TP\n\\fBmidge %s\\fR\n", page->name);
    put_line("", page->help);
  }
  puts(".TP\n\\fBmidge man\\fR [\\fICOMMAND\\fR]");
  puts("print the manual, for man \\-l \\-");
  puts(".TP\n\\fBmidge completion\\fR bash|zsh|fish");
  puts("print what the shell reads to complete the words of midge");
  put_see_also(NULL);
}

static void put_list(void) {
  const cli_page *page;
  for (size_t i = 0; (page = page_at(i)) != NULL; i++) puts(page->name);
}

int manual_command(int count, char **words) {
  bool lists = count == 1 && strcmp(words[0], "--list") == 0;
  const cli_page *page = count == 1 ? page_find(words[0]) : NULL;
  if (count > 1 || (count == 1 && page == NULL && !lists)) {
    fputs("midge man: name one command, or none: see midge --help\n", stderr);
    return EXIT_FAILURE;
  }
  if (lists)
    put_list();
  else if (page == NULL)
    put_overview();
  else
    put_page(page);
  return EXIT_SUCCESS;
}
