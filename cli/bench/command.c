#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arguments.h"
#include "../help.h"
#include "../read.h"
#include "../run.h"
#include "export.h"
#include "loop.h"
#include "report.h"
#include "stamp.h"
#include "summary.h"

enum { EXIT_ASSERT = 2 }; /* measured, and not what was expected */

static const char *check_topic(cli_settings *settings, bench_kind kind) {
  static const char *const usual[] = {NULL, "midge/bench/%i", "midge/bench/#",
                                      "midge/bench/%i"};
  texts *topics = &settings->topics;
  if (kind == BENCH_CONN)
    return topics->count == 0 ? NULL : "conn takes no topic";
  if (topics->count > 1) return "one topic is enough: -t";
  if (topics->count == 0) topics->list[topics->count++] = text_of(usual[kind]);
  return topic_refused(settings, topics->list[0], kind == BENCH_SUB);
}

static const char *check(cli_settings *settings, bench_kind kind,
                         expectations *expected) {
  bool churns = settings->bench.hold_s >= 0;
  if (kind == BENCH_CONN && settings->bench.count != 0 && !churns)
    return "conn makes --clients connections: --count goes with --hold";
  if (kind != BENCH_CONN && churns)
    return sentence(settings, "%s keeps its connections: --hold is conn's",
                    bench_name(kind));
  if (kind == BENCH_SUB && settings->bench.rate > 0)
    return "sub takes what comes, and no --rate: that is pub's";
  if (settings->bench.warm_up_s > 0) {
    if (kind == BENCH_CONN || kind == BENCH_SUB)
      return sentence(settings, "%s sends nothing, and takes no --warm-up",
                      bench_name(kind));
    if (settings->bench.count != 0)
      return "--warm-up comes before a --duration, not a --count";
  }
  if (kind == BENCH_ECHO && settings->bench.size < STAMP_SIZE)
    return sentence(settings,
                    "--size is at least %d: a number and a time are in it",
                    STAMP_SIZE);
  for (size_t i = 0; i < settings->bench.expectations.count; i++) {
    char why[EXPECT_WHY];
    const char *text = (const char *)settings->bench.expectations.list[i].data;
    if (!expect_read(expected, text, why))
      return sentence(settings, "--assert: %s", why);
  }
  return check_topic(settings, kind);
}

/* Opened before anything is measured. Null with a name: it cannot be written,
 * and that was said. */
static FILE *open_page(const cli_settings *settings) {
  const char *name = (const char *)settings->bench.html.data;
  if (name == NULL) return NULL;
  FILE *page = fopen(name, "we");
  if (page == NULL) complain(settings, "--html %s: %s", name, strerror(errno));
  return page;
}

static bool write_page(const results *all, FILE *page) {
  const cli_settings *settings = all->run->settings;
  if (page == NULL || report_print(all, page)) return true;
  complain(settings, "--html %s: %s", (const char *)settings->bench.html.data,
           strerror(errno));
  return false;
}

static int tell(const results *all, FILE *page) {
  if (all->run->settings->bench.json)
    export_print(all, stdout);
  else
    summary_print(all, stdout);
  fflush(stdout);
  summary_complain(all);
  if (!write_page(all, page)) return EXIT_FAILURE;
  return results_hold(all) ? EXIT_SUCCESS : EXIT_ASSERT;
}

static int measure(bench *one, results *all, FILE *page) {
  loop_run(one, summary_progress);
  summary_clear(one);
  int code = one->code;
  if (code == EXIT_SUCCESS) {
    results_make(all, one);
    code = tell(all, page);
  }
  loop_free(one);
  return code;
}

static int run(cli_settings *settings, bench_kind kind,
               const expectations *expected) {
  FILE *page = open_page(settings);
  if (page == NULL && settings->bench.html.data != NULL) return EXIT_FAILURE;
  bench *one = calloc(1, sizeof *one);
  results *all = calloc(1, sizeof *all);
  int code = EXIT_FAILURE;
  if (one != NULL && all != NULL) {
    one->settings = settings;
    one->kind = kind;
    all->expectations = *expected;
    code = measure(one, all, page);
  } else {
    complain(settings, "out of memory");
  }
  if (page != NULL) fclose(page);
  free(one);
  free(all);
  return code;
}

static bench_kind find_kind(const char *word) {
  bench_kind kind = 0;
  while (kind < BENCH_KINDS && strcmp(word, bench_name(kind)) != 0) kind++;
  return kind;
}

int bench_command(int count, char **words) {
  cli_settings settings;
  expectations expected = {0};
  for (int i = 0; i < count; i++) {
    bool all;
    if (!arguments_ask_for_help(words[i], &all)) continue;
    help_print_page(page_find("bench"), all);
    return EXIT_SUCCESS;
  }
  bench_kind kind = count == 0 ? BENCH_KINDS : find_kind(words[0]);
  if (kind == BENCH_KINDS) {
    fputs("midge bench: what? conn, pub, sub or echo: see midge bench --help\n",
          stderr);
    return EXIT_FAILURE;
  }
  const char *wrong = settings_read(&settings, BENCH, count - 1, words + 1);
  if (wrong == NULL) wrong = check(&settings, kind, &expected);
  int code = EXIT_FAILURE;
  if (wrong == NULL)
    code = run(&settings, kind, &expected);
  else if (!settings.quiet)
    fprintf(stderr, "midge bench %s: %s\n", words[0], wrong);
  settings_free(&settings);
  return code;
}
