/* Why a connection could not be made or was lost, in words and in codes. */
#ifndef MIDGE_REACTOR_FAULT_H
#define MIDGE_REACTOR_FAULT_H

#include "midge/types.h"

typedef struct midge_fault {
  midge_status status; /* MIDGE_OK: there is none */
  char code[48];       /* "ECONNREFUSED", "MIDGE_ELOST" */
  char text[256];      /* for people */
} midge_fault;

/* `code` null: the name of the status. */
__attribute__((format(printf, 4, 5))) void midge_fault_set(midge_fault *fault,
                                                           midge_status status,
                                                           const char *code,
                                                           const char *format,
                                                           ...);
/* An error of libuv: the code is the one Node.js gives. `format` says what
 * failed; the system's words follow it. */
__attribute__((format(printf, 4, 5))) void midge_fault_set_system(
    midge_fault *fault, midge_status status, int error, const char *format,
    ...);

#endif
