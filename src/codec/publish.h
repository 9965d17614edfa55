/* PUBLISH up to its payload, for whoever keeps the payload elsewhere. */
#ifndef MIDGE_CODEC_PUBLISH_H
#define MIDGE_CODEC_PUBLISH_H

#include "midge/packet.h"

typedef struct midge_publish_head {
  midge_slice topic;
  midge_slice properties; /* wire bytes, without the two that follow */
  bool expires;
  uint32_t expiry_s;
  uint16_t alias;     /* 0: none */
  uint16_t packet_id; /* of QoS 1 and 2 */
  midge_qos qos;
  bool retain, duplicate;
  size_t payload_size;
} midge_publish_head;

/* The size of the whole packet on the wire; 0 if it is larger than MQTT
 * allows. */
size_t midge_publish_size(midge_version version,
                          const midge_publish_head *head);
/* Everything before the payload; returns the end. */
uint8_t *midge_publish_encode_head(midge_version version,
                                   const midge_publish_head *head, uint8_t *to);

static inline uint8_t midge_publish_first_byte(midge_qos qos, bool retain,
                                               bool duplicate) {
  return (uint8_t)(MIDGE_PUBLISH << 4 | duplicate << 3 | qos << 1 | retain);
}

#endif
