/* What a run has measured, by name: the summary, the JSON, the report and
 * --assert have their numbers from here. */
#ifndef MIDGE_CLI_BENCH_FIGURES_H
#define MIDGE_CLI_BENCH_FIGURES_H

#include <stdbool.h>
#include <stddef.h>

typedef enum figure_kind {
  IS_TIME, /* nanoseconds */
  IS_COUNT,
  IS_RATE, /* a second */
  IS_BYTES,
} figure_kind;

#define FIGURE_MAP(X)                                                    \
  X(P50, "p50", TIME, "half of the latencies were not above it")         \
  X(P90, "p90", TIME, "90 of a hundred were not")                        \
  X(P99, "p99", TIME, "99 of a hundred were not")                        \
  X(P999, "p99.9", TIME, "999 of a thousand were not")                   \
  X(MAX, "max", TIME, "the highest latency")                             \
  X(MEAN, "mean", TIME, "their mean")                                    \
  X(LATE_P50, "late_p50", TIME, "how late what was due was begun: half") \
  X(LATE_P99, "late_p99", TIME, "99 of a hundred")                       \
  X(RATE, "rate", RATE, "messages, of conn connections, a second")       \
  X(SENT, "sent", COUNT, "messages that were published")                 \
  X(RECEIVED, "received", COUNT, "messages that came")                   \
  X(UNANSWERED, "unanswered", COUNT, "of those sent, without outcome")   \
  X(UNSENT, "unsent", COUNT, "due in time, and never begun")             \
  X(LOST, "lost", COUNT, "gaps that were never filled")                  \
  X(DUPLICATES, "duplicates", COUNT, "messages that came again")         \
  X(REORDERED, "reordered", COUNT, "messages that a later one overtook") \
  X(BROKEN, "broken", COUNT, "of these, what the QoS forbids")           \
  X(MADE, "made", COUNT, "connections that were made, with --hold")      \
  X(CONNECTED, "connected", COUNT, "clients that were connected")        \
  X(ERRORS, "errors", COUNT, "attempts and messages that failed")        \
  X(DISCONNECTS, "disconnects", COUNT, "connections that were lost")     \
  X(TIME, "time", TIME, "how long it took")                              \
  X(CPU, "cpu", TIME, "processor time of this process")                  \
  X(CPU_EACH, "cpu_each", TIME, "for each message or connection")        \
  X(MEMORY, "memory", BYTES, "resident, at its highest")                 \
  X(MEMORY_EACH, "memory_each", BYTES, "for each connection")

typedef enum figure {
#define FIGURE_MEMBER(name, text, kind, help) FIGURE_##name,
  FIGURE_MAP(FIGURE_MEMBER)
#undef FIGURE_MEMBER
      FIGURES,
} figure;

/* Not a number: it was not measured. */
typedef struct figures {
  double of[FIGURES];
} figures;

void figures_init(figures *all);

const char *figure_name(figure which);
const char *figure_help(figure which);
figure_kind figure_kind_of(figure which);
/* By its name in `text` of this size; FIGURES: there is none. */
figure figure_find(const char *text, size_t size);

/* "1.25 ms", "10,000", "4,321 a second", "12.3 KiB". Returns `text`. */
enum { FIGURE_TEXT = 40 };
const char *figure_text(figure_kind kind, double value, char text[FIGURE_TEXT]);

#endif
