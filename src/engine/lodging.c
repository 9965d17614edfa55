#include "engine/lodging.h"

midge_lodging *midge_lodging_at(midge_lodging **place,
                                const midge_allocator *allocator) {
  if (*place != NULL) return *place;
  midge_lodging *lodging = *place = midge_allocate(allocator, sizeof *lodging);
  if (lodging == NULL) return NULL;
  midge_parking_init(&lodging->parking, allocator);
  midge_parking_init(&lodging->proposed, allocator);
  midge_keeping_init(&lodging->keeping, allocator);
  return lodging;
}

void midge_lodging_free(midge_lodging *lodging,
                        const midge_allocator *allocator) {
  if (lodging == NULL) return;
  midge_parking_free(&lodging->parking);
  midge_parking_free(&lodging->proposed);
  midge_keeping_free(&lodging->keeping);
  midge_free(allocator, lodging, sizeof *lodging);
}
