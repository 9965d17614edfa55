/* Messages of the server's that stay in the session longer than it takes to
 * hand them out, where its options have it so: until PUBREL, until the program
 * has accepted them, until it is done with them. A session that is not durable
 * has it from the first of them on: most never do. */
#ifndef MIDGE_ENGINE_LODGING_H
#define MIDGE_ENGINE_LODGING_H

#include "engine/kept.h"
#include "engine/parking.h"

typedef struct midge_lodging {
  midge_parking parking;
  midge_parking proposed; /* the program says whether they are accepted */
  midge_keeping keeping;
} midge_lodging;

/* The one at `place`, where null stands for none yet; null when there is no
 * memory. */
midge_lodging *midge_lodging_at(midge_lodging **place,
                                const midge_allocator *allocator);
/* Null is fine. */
void midge_lodging_free(midge_lodging *lodging,
                        const midge_allocator *allocator);

#endif
