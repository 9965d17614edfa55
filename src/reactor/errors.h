/* Errors of the system as faults: words for people, codes as Node.js has. */
#ifndef MIDGE_REACTOR_ERRORS_H
#define MIDGE_REACTOR_ERRORS_H

#include "link/fault.h"

/* "`what` `subject`: the system's words"; `error` is one of libuv. */
void midge_fault_of_system(midge_fault *fault, midge_status status, int error,
                           const char *what, const char *subject);

#endif
