#include "busy_poll.h"

enum {
  WAIT_NS = 64000,  /* what a core takes to fall asleep and to wake, about */
  SOON_NS = 160000, /* with that on both sides */
  SOON_MIN = 8,     /* in a row */
  SOON_MAX = 32,    /* forgive one time in vain */
  SHY_MAX = 8,
};

void midge_busy_poll_note(midge_busy_poll *polling, uint64_t now_ns) {
  if (now_ns - polling->since_ns > SOON_NS) {
    polling->soon = 0;
  } else if (++polling->soon >= SOON_MAX && polling->is_on) {
    polling->soon = 0;
    if (polling->shy > 0) polling->shy--;
  }
}

bool midge_busy_poll_begin(midge_busy_poll *polling, uint64_t now_ns) {
  polling->since_ns = now_ns;
  polling->is_on |= polling->soon >= (unsigned)SOON_MIN << polling->shy;
  return polling->is_on;
}

bool midge_busy_poll_goes_on(midge_busy_poll *polling, uint64_t now_ns) {
  if (now_ns - polling->since_ns <= WAIT_NS) return true;
  polling->is_on = false;
  polling->soon = 0;
  if (polling->shy < SHY_MAX) polling->shy++;
  return false;
}
