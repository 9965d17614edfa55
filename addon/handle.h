/* What stands here for a client: the context of its events. */
#ifndef MIDGE_ADDON_HANDLE_H
#define MIDGE_ADDON_HANDLE_H

#include "midge/client.h"

typedef struct midge_handle {
  midge_client *handle; /* null once it was given up */
  uint32_t index;       /* what JavaScript calls it */
  uint32_t connects;    /* how often it was asked to connect */
  bool opened;          /* by the events taken so far, delivered or not */
  bool asks;            /* attempts wait for midge_client_proceed */
} midge_handle;

#endif
