/* What is done while calls fail: see scenarios.c for the list. */
#ifndef MIDGE_TEST_SCENARIOS_H
#define MIDGE_TEST_SCENARIOS_H

#include <sys/types.h>

#include "life.h"

typedef enum server {
  TO_IP4, /* a server in the same process */
  TO_IP6,
  TO_PATH,
  TO_NAME,
  BY_HAND,
  VIA_SOCKS5,
  VIA_HTTP,
  TO_MOSQUITTO, /* from here on in another one */
  TO_TLS,
  TO_PSK,
  TO_WS,
  TO_WSS,
} server;

typedef struct scenario {
  const char *name;
  const char *script; /* see life.h */
  server to;
  midge_version version;   /* 0: 5 */
  bool is_stored, is_disk; /* it has a store; each commit is synced */
  bool keeps_qos_0;        /* in the store */
  bool has_inbox;
  size_t memory;     /* of the queue; 0: as much as it likes */
  bool is_referred;  /* the server first says that another one is */
  bool uses_all_tls; /* options of TLS */
  bool is_warm_up;   /* it is played once before all */
  broker_options broker;
} scenario;

/* The servers that all scenarios share; outside of any. */
void scenarios_begin(void);
void scenarios_end(void);

const scenario *scenarios(size_t *count);
/* In a process that is its own. */
void scenario_play(const scenario *of);
/* What that process may have left behind. */
void scenario_clean_up(pid_t pid);

#endif
