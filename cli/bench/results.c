#include "results.h"

#include <stdio.h>

#include "usage.h"

static void take_latencies(figures *to, const bench *run) {
  static const struct {
    figure which;
    double percent;
  } rows[] = {{FIGURE_P50, 50},
              {FIGURE_P90, 90},
              {FIGURE_P99, 99},
              {FIGURE_P999, 99.9},
              {FIGURE_MAX, 100}};
  if (run->latency.count == 0) return;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    to->of[rows[i].which] =
        (double)histogram_percentile(&run->latency, rows[i].percent);
  to->of[FIGURE_MEAN] = histogram_mean(&run->latency);
}

/* A subscriber's time begins with the first message, as nobody knows when it
 * was to be sent. */
static double seconds_of(const bench *run) {
  uint64_t from = run->kind == BENCH_SUB ? run->first : run->counted;
  return run->last <= from ? 0 : (double)(run->last - from) / NS_PER_S;
}

static void take_rate(figures *to, const bench *run) {
  double seconds = seconds_of(run);
  if (run->begun == 0) return;
  to->of[FIGURE_TIME] = (double)(run->ended - run->begun);
  if (run->done == 0) to->of[FIGURE_RATE] = 0;
  if (seconds > 0) to->of[FIGURE_RATE] = (double)run->done / seconds;
  to->of[FIGURE_CPU] = (double)run->cpu_used;
  if (run->done > 0)
    to->of[FIGURE_CPU_EACH] = (double)run->cpu_used / (double)run->done;
}

static void take_counts(figures *to, const bench *run) {
  to->of[FIGURE_CONNECTED] = (double)run->connected;
  to->of[FIGURE_ERRORS] = (double)run->errors;
  to->of[FIGURE_DISCONNECTS] = (double)run->disconnects;
  if (bench_churns(run)) to->of[FIGURE_MADE] = (double)run->done;
  if (bench_sends(run)) {
    to->of[FIGURE_SENT] = (double)run->sent;
    to->of[FIGURE_UNANSWERED] = (double)run->in_flight;
  }
  bool may_wait = bench_sends(run) || bench_churns(run);
  if (!may_wait || run->settings->bench.rate <= 0) return;
  to->of[FIGURE_UNSENT] = (double)run->unsent;
}

static void take_verdicts(figures *to, const verdict by_qos[3]) {
  static const figure which[] = {FIGURE_LOST, FIGURE_DUPLICATES,
                                 FIGURE_REORDERED, FIGURE_BROKEN};
  for (size_t i = 0; i < sizeof which / sizeof *which; i++)
    to->of[which[i]] = 0;
  for (midge_qos qos = 0; qos <= 2; qos++) {
    to->of[FIGURE_LOST] += (double)by_qos[qos].lost;
    to->of[FIGURE_DUPLICATES] += (double)by_qos[qos].duplicates;
    to->of[FIGURE_REORDERED] += (double)by_qos[qos].reordered;
    to->of[FIGURE_BROKEN] += (double)verdict_broken(&by_qos[qos], qos);
  }
}

void results_make(results *all, const bench *run) {
  figures *to = &all->figures;
  all->run = run;
  figures_init(to);
  take_latencies(to, run);
  take_rate(to, run);
  take_counts(to, run);
  if (run->late.count != 0 && run->settings->bench.rate > 0 &&
      run->kind != BENCH_SUB) {
    to->of[FIGURE_LATE_P50] = (double)histogram_percentile(&run->late, 50);
    to->of[FIGURE_LATE_P99] = (double)histogram_percentile(&run->late, 99);
  }
  to->of[FIGURE_MEMORY] = (double)usage_memory_max();
  if (run->memory_each != 0)
    to->of[FIGURE_MEMORY_EACH] = (double)run->memory_each;
  if (run->kind != BENCH_SUB && run->kind != BENCH_ECHO) return;
  to->of[FIGURE_RECEIVED] = (double)(run->received + run->foreign);
  for (size_t i = 0; i < run->count; i++)
    senders_judge(&run->clients[i].senders, all->by_qos);
  take_verdicts(to, all->by_qos);
}

bool results_hold(const results *all) {
  for (size_t i = 0; i < all->expectations.count; i++) {
    if (!expect_met(&all->expectations.list[i], &all->figures)) return false;
  }
  return true;
}

static const char *holding(const bench *run, char text[FIGURE_TEXT + 8]) {
  double hold_s = run->settings->bench.hold_s;
  char time[FIGURE_TEXT];
  if (!bench_churns(run)) return "";
  if (hold_s <= 0) return ", each ended at once";
  snprintf(text, FIGURE_TEXT + 8, ", held %s",
           figure_text(IS_TIME, hold_s * NS_PER_S, time));
  return text;
}

const char *results_title(const bench *run, char text[RESULTS_TITLE]) {
  const cli_settings *settings = run->settings;
  char clients[FIGURE_TEXT], rate[FIGURE_TEXT], size[FIGURE_TEXT];
  char hold[FIGURE_TEXT + 8];
  figure_text(IS_COUNT, (double)settings->bench.clients, clients);
  figure_text(IS_COUNT, (double)settings->bench.size, size);
  const char *pace = "as fast as answered";
  if (settings->bench.rate > 0)
    pace = figure_text(IS_RATE, settings->bench.rate, rate);
  const char *noun = settings->bench.clients == 1 ? "client" : "clients";
  if (run->kind == BENCH_CONN)
    snprintf(text, RESULTS_TITLE, "%s %s, %s%s", clients, noun, pace,
             holding(run, hold));
  else if (bench_sends(run))
    snprintf(text, RESULTS_TITLE, "%s %s, QoS %ld, %s bytes, %s", clients, noun,
             settings->qos, size, pace);
  else
    snprintf(text, RESULTS_TITLE, "%s %s, QoS %ld", clients, noun,
             settings->qos);
  return text;
}

const char *results_latency(const bench *run) {
  bool is_open_loop = run->settings->bench.rate > 0;
  switch (run->kind) {
    case BENCH_CONN:
      return is_open_loop ? "from when a connection was due to CONNACK"
                          : "from the beginning of a connection to CONNACK";
    case BENCH_SUB:
      return "from when a message was due, by its sender's clock, to here";
    case BENCH_ECHO:
      return is_open_loop ? "from when a message was due until it was back"
                          : "from the sending of a message until it was back";
    default:
      break;
  }
  static const char *const until[][3] = {
      {"from the sending of a message until the socket had it",
       "from the sending of a message to PUBACK",
       "from the sending of a message to PUBCOMP"},
      {"from when a message was due until the socket had it",
       "from when a message was due to PUBACK",
       "from when a message was due to PUBCOMP"}};
  return until[is_open_loop][run->settings->qos];
}
