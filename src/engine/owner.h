/* Whom a packet identifier or a token belongs to: the first member of whatever
 * can have one. */
#ifndef MIDGE_ENGINE_OWNER_H
#define MIDGE_ENGINE_OWNER_H

#include <stdint.h>

typedef enum midge_owner_kind {
  MIDGE_OWNER_MESSAGE,
  MIDGE_OWNER_REQUEST,
} midge_owner_kind;

typedef struct midge_owner {
  uint64_t token;                 /* 0: nobody asks */
  struct midge_owner *same_place; /* in the table of tokens */
  midge_owner_kind kind;
  uint16_t packet_id; /* 0: none */
} midge_owner;

#endif
