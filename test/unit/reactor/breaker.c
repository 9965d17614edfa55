#include "breaker.h"

#include <unistd.h>

static void *break_connections(void *context) {
  breaker *it = context;
  midge_stats stats;
  while (!atomic_load(&it->stops)) {
    midge_client_stats(it->client, &stats);
    usleep(it->pause_us);
    broker_drop(it->server);
  }
  return NULL;
}

void breaker_start(breaker *it, broker *server, midge_client *client,
                   unsigned pause_us) {
  *it = (breaker){.server = server, .client = client, .pause_us = pause_us};
  assert_int_equal(pthread_create(&it->thread, NULL, break_connections, it), 0);
}

void breaker_stop(breaker *it) {
  atomic_store(&it->stops, true);
  pthread_join(it->thread, NULL);
}
