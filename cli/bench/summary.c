#include "summary.h"

#include <math.h>
#include <unistd.h>

#include "../run.h"

/* --- On the way --- */

static bool is_live(const bench *run) {
  return isatty(STDERR_FILENO) && !run->settings->quiet;
}

static void say_connecting(const bench *run) {
  size_t there = run->kind == BENCH_CONN ? run->connected : run->ready;
  fprintf(stderr, "\r\033[Kconnecting: %zu of %zu", there, run->count);
}

void summary_progress(const bench *run, uint64_t now) {
  const sample *last = series_last(&run->series);
  char rate[FIGURE_TEXT], half[FIGURE_TEXT], most[FIGURE_TEXT];
  if (!is_live(run)) return;
  if (run->phase == PHASE_CONNECTING && run->kind != BENCH_CONN) {
    say_connecting(run);
    return;
  }
  if (last == NULL || last->length_s <= 0) return;
  fprintf(
      stderr, "\r\033[K%.1f s: %s, in flight %llu, connected %llu",
      bench_seconds(run, now),
      figure_text(IS_RATE, round((double)last->done / last->length_s), rate),
      (unsigned long long)last->in_flight, (unsigned long long)last->connected);
  if (last->done == 0 || last->max == 0) return;
  fprintf(stderr, ", p50 %s, p99 %s",
          figure_text(IS_TIME, (double)last->p50, half),
          figure_text(IS_TIME, (double)last->p99, most));
}

void summary_clear(const bench *run) {
  if (is_live(run)) fputs("\r\033[K", stderr);
}

/* --- The end --- */

static const char *text_of_figure(const results *all, figure which,
                                  char text[FIGURE_TEXT]) {
  return figure_text(figure_kind_of(which), all->figures.of[which], text);
}

static bool has(const results *all, figure which) {
  return !isnan(all->figures.of[which]);
}

/* What stands before and behind a figure, in a line with others. */
typedef struct part {
  figure which;
  const char *before, *behind;
} part;

/* What was not measured is left out. */
static void line(const results *all, FILE *out, const char *name,
                 const part *parts, size_t count) {
  char text[FIGURE_TEXT];
  bool is_first = true;
  for (size_t i = 0; i < count; i++) {
    if (!has(all, parts[i].which)) continue;
    if (is_first) fprintf(out, "  %-12s", name);
    fprintf(out, "%s%s%s%s", is_first ? "" : ", ", parts[i].before,
            text_of_figure(all, parts[i].which, text), parts[i].behind);
    is_first = false;
  }
  if (!is_first) fputc('\n', out);
}

#define LINE(all, out, name, ...)                   \
  line(all, out, name, (const part[]){__VA_ARGS__}, \
       sizeof((const part[]){__VA_ARGS__}) / sizeof(part))

static void print_verdicts(const results *all, FILE *out) {
  char received[FIGURE_TEXT], name[16];
  for (midge_qos qos = 0; qos <= 2; qos++) {
    const verdict *of = &all->by_qos[qos];
    if (of->received + of->lost == 0) continue;
    snprintf(name, sizeof name, "QoS %d", qos);
    figure_text(IS_COUNT, (double)of->received, received);
    fprintf(out,
            "  %-12sreceived %s, lost %llu%s, duplicates %llu%s, reordered"
            " %llu\n",
            name, received, (unsigned long long)of->lost,
            qos == 0 && of->lost != 0 ? " (it may)" : "",
            (unsigned long long)of->duplicates,
            qos == 1 && of->duplicates != 0 ? " (it may)" : "",
            (unsigned long long)of->reordered);
  }
}

static void print_faults(const bench *run, FILE *out) {
  for (size_t i = 0; i < FAULTS_MAX && run->faults[i].count != 0; i++)
    fprintf(out, "  %-12s%llu times: %s\n", i == 0 ? "failed" : "",
            (unsigned long long)run->faults[i].count, run->faults[i].text);
}

/* What makes the figures say less than they seem to. */
static void print_doubts(const results *all, FILE *out) {
  const bench *run = all->run;
  if (run->unsent != 0)
    fprintf(out,
            "  The rate was not reached: %llu %s were due and not begun;"
            " the latency has how\n  long they had waited.\n",
            (unsigned long long)run->unsent,
            bench_churns(run) ? "connections" : "messages");
  if (run->in_flight != 0)
    fprintf(out, "  %llu messages have no outcome and are in no latency.\n",
            (unsigned long long)run->in_flight);
  if (run->early != 0)
    fprintf(out,
            "  %llu messages came before they were due: the clocks of the two"
            " machines differ.\n",
            (unsigned long long)run->early);
  if (run->foreign != 0)
    fprintf(out,
            "  %llu messages were not midge bench's: they are in no"
            " latency and no check.\n",
            (unsigned long long)run->foreign);
}

static void print_figures(const results *all, FILE *out) {
  bool is_conn = all->run->kind == BENCH_CONN;
  LINE(all, out, "rate", {FIGURE_RATE, "", ""}, {FIGURE_TIME, "", " in all"});
  if (bench_churns(all->run)) {
    LINE(all, out, "connections", {FIGURE_MADE, "", " made"},
         {FIGURE_UNSENT, "", " not begun"}, {FIGURE_DISCONNECTS, "", " lost"},
         {FIGURE_CONNECTED, "", " open at the end"});
  } else {
    LINE(all, out, "messages", {FIGURE_SENT, "", " sent"},
         {FIGURE_RECEIVED, "", " received"},
         {FIGURE_UNANSWERED, "", " without outcome"},
         {FIGURE_UNSENT, "", " not begun"});
    LINE(all, out, "connections", {FIGURE_CONNECTED, "", ""},
         {FIGURE_DISCONNECTS, "", " lost"});
  }
  LINE(all, out, "latency", {FIGURE_P50, "p50 ", ""}, {FIGURE_P90, "p90 ", ""},
       {FIGURE_P99, "p99 ", ""}, {FIGURE_P999, "p99.9 ", ""},
       {FIGURE_MAX, "max ", ""});
  if (has(all, FIGURE_P50))
    fprintf(out, "  %-12s%s\n", "", results_latency(all->run));
  LINE(all, out, "late", {FIGURE_LATE_P50, "p50 ", ""},
       {FIGURE_LATE_P99, "p99 ", ": how late midge began, in the latency too"});
  print_verdicts(all, out);
  print_faults(all->run, out);
  LINE(all, out, "processor", {FIGURE_CPU, "", ""},
       {FIGURE_CPU_EACH, "", is_conn ? " a connection" : " a message"});
  LINE(all, out, "memory", {FIGURE_MEMORY, "", ""},
       {FIGURE_MEMORY_EACH, "", " a connection"});
}

void summary_print(const results *all, FILE *out) {
  const bench *run = all->run;
  char title[RESULTS_TITLE];
  fprintf(out, "midge bench %s: %s\n\n", bench_name(run->kind),
          results_title(run, title));
  print_figures(all, out);
  print_doubts(all, out);
}

void summary_complain(const results *all) {
  char text[EXPECT_WHY];
  for (size_t i = 0; i < all->expectations.count; i++) {
    const expectation *one = &all->expectations.list[i];
    if (!expect_met(one, &all->figures))
      complain(all->run->settings, "--assert: %s",
               expect_text(one, &all->figures, text));
  }
}
