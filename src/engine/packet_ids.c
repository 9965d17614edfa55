#include "engine/packet_ids.h"

#include <assert.h>

void midge_packet_ids_init(midge_packet_ids *ids,
                           const midge_allocator *allocator) {
  midge_map_init(&ids->owners, allocator);
  ids->last = 0;
}

void midge_packet_ids_free(midge_packet_ids *ids) {
  midge_map_free(&ids->owners);
}

bool midge_packet_ids_take(midge_packet_ids *ids, midge_owner *owner) {
  assert(owner->packet_id == 0);
  if (midge_packet_ids_full(ids)) return false;

  uint16_t next = ids->last;
  do {
    next = next == UINT16_MAX ? 1 : (uint16_t)(next + 1);
  } while (midge_map_get(&ids->owners, next) != NULL);
  if (!midge_map_put(&ids->owners, next, owner)) return false;
  ids->last = next;
  owner->packet_id = next;
  return true;
}

midge_status midge_packet_ids_retake(midge_packet_ids *ids, midge_owner *owner,
                                     uint16_t packet_id) {
  assert(owner->packet_id == 0);
  if (packet_id == 0) return MIDGE_EINVAL;
  if (midge_map_get(&ids->owners, packet_id) != NULL) return MIDGE_EINVAL;
  if (!midge_map_put(&ids->owners, packet_id, owner)) return MIDGE_ENOMEM;
  ids->last = packet_id;
  owner->packet_id = packet_id;
  return MIDGE_OK;
}

void midge_packet_ids_drop(midge_packet_ids *ids, midge_owner *owner) {
  if (owner->packet_id == 0) return;
  midge_owner *was = midge_map_remove(&ids->owners, owner->packet_id);
  assert(was == owner);
  owner->packet_id = 0;
}

midge_owner *midge_packet_ids_owner(const midge_packet_ids *ids,
                                    uint16_t packet_id) {
  return midge_map_get(&ids->owners, packet_id);
}
