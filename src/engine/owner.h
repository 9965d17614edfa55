/* Whom a packet identifier, a token or a time limit belongs to: the first
 * member of whatever can have one. */
#ifndef MIDGE_ENGINE_OWNER_H
#define MIDGE_ENGINE_OWNER_H

#include "midge/types.h"

typedef enum midge_owner_kind {
  MIDGE_OWNER_MESSAGE,
  MIDGE_OWNER_REQUEST,
} midge_owner_kind;

typedef struct midge_owner {
  uint64_t token;                 /* 0: nobody asks */
  struct midge_owner *same_place; /* in the table of tokens */
  midge_owner_kind kind;
  uint16_t packet_id;     /* 0: none */
  uint32_t place;         /* among the deadlines; 0: it is not there */
  midge_time sent_by;     /* else it ends with MIDGE_EEXPIRED */
  midge_time answered_by; /* else with MIDGE_ETIMEOUT */
} midge_owner;

#endif
