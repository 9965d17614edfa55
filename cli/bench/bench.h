/* A run: its clients, and what was measured so far. */
#ifndef MIDGE_CLI_BENCH_BENCH_H
#define MIDGE_CLI_BENCH_BENCH_H

#include "../settings.h"
#include "clock.h"
#include "senders.h"
#include "series.h"
#include "waiting.h"

typedef enum bench_kind {
  BENCH_CONN, /* how long CONNECT takes */
  BENCH_PUB,  /* PUBLISH until it is answered */
  BENCH_SUB,  /* until others' messages are here */
  BENCH_ECHO, /* until our own have come back */
  BENCH_KINDS,
} bench_kind;

typedef enum bench_phase {
  PHASE_CONNECTING, /* and subscribing; of conn it is what is measured */
  PHASE_RUNNING,    /* of conn: the connections are held */
  PHASE_DRAINING,   /* nothing new is begun */
  PHASE_ENDED,
} bench_phase;

struct bench;

typedef struct bench_client {
  waiter place; /* the first member: a waiter is its client */
  struct bench *bench;
  midge_client *client;
  midge_slice topic;
  uint32_t index;
  bool was_open, is_open, is_ready; /* ready: subscribed, if it is to be */
  uint64_t due;                     /* its connection, of conn */
  uint64_t number;                  /* of the next message that it sends */
  uint64_t in_flight;               /* of those that a window is kept of */
  senders senders;                  /* whose messages it has received */
  bool is_parting;                  /* we have said goodbye */
} bench_client;

/* What went wrong, by its name, and how often. The last place counts all that
 * found no other. */
enum { FAULTS_MAX = 16, FAULT_TEXT = 160 };

typedef struct fault {
  midge_status status;
  uint64_t count;
  char text[FAULT_TEXT]; /* of the first */
} fault;

typedef struct bench {
  cli_settings *settings;
  bench_kind kind;
  midge_reactor *reactor;
  bench_client *clients;
  size_t count; /* of clients */
  uint32_t run; /* senders are numbered from here on */
  uint8_t *payload;
  bench_phase phase;
  int code;

  uint64_t clock_offset;
  uint64_t begun, over; /* what is measured; `over`: nothing is due any
                           more; MIDGE_NEVER: not said */
  uint64_t counted;     /* what is due from then on counts: after a warm-up */
  bool is_warm;         /* its processor time is over, too */
  uint64_t first, last; /* of what ended */
  uint64_t heard;       /* when something last ended or came */
  uint64_t ended;
  uint64_t cpu, memory; /* at `begun`; before the first connection */
  uint64_t cpu_used;
  uint64_t memory_each; /* bytes of a connection */

  waiting idle;             /* those that may connect */
  waiting held, resting;    /* with --hold: connected; after a failure */
  size_t dialled, dialling; /* attempts begun, and under way */
  size_t connected, ready, failed;
  uint64_t next; /* so many messages have been begun */
  uint64_t in_flight;
  uint64_t sent, received, foreign, done, unsent;
  uint64_t errors, disconnects, early; /* early: by the clocks before it was
                                          sent */
  fault faults[FAULTS_MAX];
  histogram latency, late;
  series series;
} bench;

static inline bool bench_sends(const bench *run) {
  return run->kind == BENCH_PUB || run->kind == BENCH_ECHO;
}

/* conn, whose connections are ended and made anew. */
static inline bool bench_churns(const bench *run) {
  return run->kind == BENCH_CONN && run->settings->bench.hold_s >= 0;
}

/* So many messages, or connections, and no more. */
static inline uint64_t bench_total(const bench *run) {
  long count = run->settings->bench.count;
  return count == 0 ? UINT64_MAX : (uint64_t)count;
}

/* When that one is to be begun, at a rate. */
static inline uint64_t bench_due(const bench *run, uint64_t number) {
  double each = NS_PER_S / run->settings->bench.rate;
  return run->begun + (uint64_t)((double)number * each);
}

static inline double bench_seconds(const bench *run, uint64_t time) {
  return time <= run->begun ? 0 : (double)(time - run->begun) / NS_PER_S;
}

/* What was due then is measured; else it was sent to warm up. Without a warm-up
 * all is: what came with a subscriber's SUBACK was due before it was ready. */
static inline bool bench_measures(const bench *run, uint64_t due) {
  return run->settings->bench.warm_up_s == 0 || due >= run->counted;
}

/* Something has ended well ... */
void bench_end(bench *run, uint64_t now);
/* ... that was due then; the chart has it in a warm-up too. */
void bench_count(bench *run, uint64_t due, uint64_t now);
/* What was due then was never begun, and has waited until now. */
void bench_give_up(bench *run, uint64_t due, uint64_t now);
/* Something has failed; the text of the first of its kind is kept. */
void bench_fault(bench *run, midge_status status, midge_slice text);

const char *bench_name(bench_kind kind);

#endif
