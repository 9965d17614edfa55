#include "bell.h"

#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int bell = -1;
static volatile sig_atomic_t asked;

void bell_ring(void *context) {
  uint64_t one = 1;
  (void)context;
  ssize_t written = write(bell, &one, sizeof one);
  (void)written; /* it rings already */
}

static void on_signal(int number) {
  asked = number;
  bell_ring(NULL);
}

bool bell_open(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  signal(SIGPIPE, SIG_IGN);
  bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return bell >= 0;
}

void bell_hear(void) {
  uint64_t rung;
  ssize_t size = read(bell, &rung, sizeof rung);
  (void)size; /* how often does not matter */
}

int bell_file(void) {
  return bell;
}

bool bell_asks_for_end(void) {
  return asked != 0;
}

void bell_close(void) {
  if (bell >= 0) close(bell);
  bell = -1;
}
