#include "codec/reason.h"

typedef struct reason_row {
  uint32_t packets; /* a set of MIDGE_IN(...); 0: no such reason code */
  const char *name;
  const char *text;
} reason_row;

static const reason_row rows[256] = {
#define ROW(name, number, packets, text) \
  [number] = {packets, "MIDGE_REASON_" #name, text},
    MIDGE_REASON_MAP(ROW)
#undef ROW
};

const char *midge_reason_name(unsigned reason) {
  return reason < 256 ? rows[reason].name : NULL;
}

const char *midge_reason_text(midge_reason reason) {
  return (unsigned)reason < 256 ? rows[reason].text : NULL;
}

bool midge_reason_is_for(uint8_t reason, midge_packet_type type) {
  return (rows[reason].packets >> type & 1) != 0;
}

/* The bytes of a packet with an unknown reason code can be told apart, so it
 * is not malformed: somebody did not keep to [MQTT-3.4.2-1] and its sisters. */
uint8_t midge_read_reason(midge_cursor *cursor, midge_packet_type type) {
  uint8_t reason = midge_read_byte(cursor);
  if (!midge_reason_is_for(reason, type))
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "a reason code that this packet cannot carry");
  return reason;
}
