/* Messages of the server's that stay in the session longer than it takes to
 * hand them out, where its options have it so: until PUBREL, until the program
 * has accepted them, until it is done with them. Most sessions have none. */
#ifndef MIDGE_ENGINE_LODGING_H
#define MIDGE_ENGINE_LODGING_H

#include "engine/kept.h"
#include "engine/parking.h"

typedef struct midge_lodging {
  midge_parking parking;
  midge_parking proposed; /* the program says whether they are accepted */
  midge_keeping keeping;
} midge_lodging;

/* Null when there is no memory. */
midge_lodging *midge_lodging_new(const midge_allocator *allocator);
/* Null is fine. */
void midge_lodging_free(midge_lodging *lodging,
                        const midge_allocator *allocator);

#endif
