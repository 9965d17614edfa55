/* PUBACK, PUBREC, PUBREL and PUBCOMP that say nothing but which message they
 * are of: the same in every version of MQTT. */
#ifndef MIDGE_CODEC_ACK_H
#define MIDGE_CODEC_ACK_H

#include "midge/packet.h"

enum { MIDGE_BARE_ACK_SIZE = 4 };

/* What midge_packet_encode writes of such a packet. */
static inline void midge_bare_ack_encode(midge_packet_type type,
                                         uint16_t packet_id, uint8_t *to) {
  unsigned flags = type == MIDGE_PUBREL ? 2 : 0;
  to[0] = (uint8_t)((unsigned)type << 4 | flags);
  to[1] = 2;
  to[2] = (uint8_t)(packet_id >> 8);
  to[3] = (uint8_t)packet_id;
}

#endif
