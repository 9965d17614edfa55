#include "helping.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_t here;
static atomic_size_t wakes;

static void note_wake(void *context) {
  (void)context;
  if (is_here()) atomic_fetch_add(&wakes, 1);
}

void helping_start(program *p, const char *url,
                   const midge_client_options *options, bool lends_itself) {
  here = pthread_self();
  forget_wakes();
  helps = lends_itself;
  on_wake = note_wake;
  program_start(p, url, options);
  helps = false;
  on_wake = NULL;
}

void helping_open(program *p, broker *b, bool lends_itself) {
  helping_start(p, url_of(b), NULL, lends_itself);
  wait_until_opened(p);
}

size_t woken_here(void) {
  return atomic_load(&wakes);
}

void forget_wakes(void) {
  atomic_store(&wakes, 0);
}

bool is_here(void) {
  return pthread_equal(pthread_self(), here) != 0;
}

void take_all(program *p) {
  while (midge_reactor_event(p->reactor, &p->event)) {
    p->done += p->event.type == MIDGE_EVENT_DONE;
    p->messages += p->event.type == MIDGE_EVENT_MESSAGE;
  }
}

unsigned long publish_until_woken_here(program *p,
                                       void (*publish)(program *p,
                                                       unsigned long *count)) {
  unsigned long count = 0;
  uint64_t until = now_ms() + PATIENCE_MS;
  while (woken_here() == 0 && now_ms() < until) {
    publish(p, &count);
    wait_for_done(p, count);
    take_all(p);
  }
  assert_true(woken_here() != 0);
  return count;
}
