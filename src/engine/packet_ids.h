/* Who uses a packet identifier of ours: PUBLISH, SUBSCRIBE and UNSUBSCRIBE
 * share one space [MQTT-2.2.1-3]. */
#ifndef MIDGE_ENGINE_PACKET_IDS_H
#define MIDGE_ENGINE_PACKET_IDS_H

#include "base/map.h"
#include "engine/owner.h"

/* Packet identifiers in use. An identifier is in use by at most one owner and
 * is never 0. */
typedef struct midge_packet_ids {
  midge_map owners;
  uint16_t last; /* given out most recently */
} midge_packet_ids;

void midge_packet_ids_init(midge_packet_ids *ids,
                           const midge_allocator *allocator);
void midge_packet_ids_free(midge_packet_ids *ids);

/* False when all 65,535 are in use or there is no memory. */
MIDGE_CHECKED bool midge_packet_ids_take(midge_packet_ids *ids,
                                         midge_owner *owner);
static inline bool midge_packet_ids_full(const midge_packet_ids *ids) {
  return ids->owners.count == UINT16_MAX;
}
/* Take this one, which a journal remembers. MIDGE_EINVAL: it is none, or
 * another owner's; MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_packet_ids_retake(midge_packet_ids *ids,
                                                   midge_owner *owner,
                                                   uint16_t packet_id);
/* An owner without an identifier is fine. */
void midge_packet_ids_drop(midge_packet_ids *ids, midge_owner *owner);
/* Null if nobody uses it. */
midge_owner *midge_packet_ids_owner(const midge_packet_ids *ids,
                                    uint16_t packet_id);

#endif
