/* Reason codes: MQTT 5, section 2.4. */
#ifndef MIDGE_CODEC_REASON_H
#define MIDGE_CODEC_REASON_H

#include "codec/cursor.h"

/* "MIDGE_REASON_NOT_AUTHORIZED"; null for an unknown one. Static. */
const char *midge_reason_name(unsigned reason);
/* Whether `type` may carry `reason`. */
bool midge_reason_is_for(uint8_t reason, midge_packet_type type);

uint8_t midge_read_reason(midge_cursor *cursor, midge_packet_type type);

#endif
