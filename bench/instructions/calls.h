/* The calls whose arguments are not the same in every version of
 * midge/session.h, in one place. */
#ifndef MIDGE_BENCH_CALLS_H
#define MIDGE_BENCH_CALLS_H

#include "midge/session.h"

static inline midge_status call_subscribe(midge_session *session,
                                          midge_slice filter, uint64_t token) {
  return midge_session_subscribe(
      session,
      &(midge_subscription){.filter = filter, .qos = MIDGE_AT_LEAST_ONCE}, 1,
      (midge_request_options){0}, token);
}

#endif
