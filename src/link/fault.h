/* Why a connection could not be made or was lost, in words and in codes. */
#ifndef MIDGE_LINK_FAULT_H
#define MIDGE_LINK_FAULT_H

#include "midge/types.h"

typedef struct midge_fault {
  midge_status status;  /* MIDGE_OK: there is none */
  bool by_server;       /* the other side ended or reset the stream */
  uint16_t http_status; /* of an upgrade or a proxy that was refused; or 0 */
  char code[48];        /* "ECONNREFUSED", "MIDGE_ELOST" */
  char text[256];       /* for people */
} midge_fault;

/* `code` null: the name of the status. */
void midge_fault_set(midge_fault *fault, midge_status status, const char *code,
                     const char *text);

#endif
