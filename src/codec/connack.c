/* CONNACK: MQTT 5, section 3.2. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/reason.h"

/* Only bit 0 has a meaning [MQTT-3.2.2-1]; MQTT 3.1 gives it none, but there
 * are servers that set it all the same. */
static bool read_session_present(midge_cursor *cursor) {
  uint8_t flags = midge_read_byte(cursor);
  if (flags > 1)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "reserved CONNACK flags that are set");
  return flags != 0;
}

void midge_read_connack(midge_cursor *cursor, midge_packet *packet) {
  packet->connack.session_present = read_session_present(cursor);
  packet->connack.reason = cursor->version == MIDGE_MQTT_5
                               ? midge_read_reason(cursor, MIDGE_CONNACK)
                               : midge_read_byte(cursor);
  /* [MQTT-3.2.2-6] */
  if (packet->connack.session_present && packet->connack.reason != 0)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      "a refusal with the session present flag");
  packet->properties = midge_read_properties(cursor, MIDGE_CONNACK);
}

void midge_write_connack(midge_writer *writer, const midge_packet *packet) {
  midge_write_byte(writer, packet->connack.session_present);
  midge_write_byte(writer, packet->connack.reason);
  midge_write_properties(writer, packet->properties);
}
