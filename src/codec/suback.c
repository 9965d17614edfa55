/* SUBACK and UNSUBACK: MQTT 5, sections 3.9 and 3.11. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/reason.h"

/* Before MQTT 5: the QoS, and from 3.1.1 on 0x80 for a failure
 * [MQTT-3.9.3-2 of 3.1.1]. */
static bool is_known(midge_version version, midge_packet_type type,
                     uint8_t reason) {
  if (version == MIDGE_MQTT_5) return midge_reason_is_for(reason, type);
  return reason <= 2 || (reason == 0x80 && version == MIDGE_MQTT_3_1_1);
}

/* One reason code for each topic filter, and there was at least one. */
static midge_slice read_reasons(midge_cursor *cursor, midge_packet_type type) {
  midge_slice reasons = midge_read_rest(cursor);
  if (reasons.size == 0)
    midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                      type == MIDGE_SUBACK
                          ? "a SUBACK without reason codes"
                          : "an UNSUBACK without reason codes");
  for (size_t i = 0; i < reasons.size; i++)
    if (!is_known(cursor->version, type, reasons.data[i]))
      midge_cursor_fail(cursor, MIDGE_REASON_PROTOCOL_ERROR,
                        "a reason code that this packet cannot carry");
  return reasons;
}

void midge_read_suback(midge_cursor *cursor, midge_packet *packet) {
  packet->suback.packet_id = midge_read_packet_id(cursor);
  packet->properties = midge_read_properties(cursor, MIDGE_SUBACK);
  packet->suback.reasons = read_reasons(cursor, MIDGE_SUBACK);
}

void midge_write_suback(midge_writer *writer, const midge_packet *packet) {
  midge_write_two_bytes(writer, packet->suback.packet_id);
  midge_write_properties(writer, packet->properties);
  midge_write_bytes(writer, packet->suback.reasons);
}

void midge_read_unsuback(midge_cursor *cursor, midge_packet *packet) {
  packet->unsuback.packet_id = midge_read_packet_id(cursor);
  if (cursor->version != MIDGE_MQTT_5) return;
  packet->properties = midge_read_properties(cursor, MIDGE_UNSUBACK);
  packet->unsuback.reasons = read_reasons(cursor, MIDGE_UNSUBACK);
}

void midge_write_unsuback(midge_writer *writer, const midge_packet *packet) {
  midge_write_two_bytes(writer, packet->unsuback.packet_id);
  if (writer->version != MIDGE_MQTT_5) return;
  midge_write_properties(writer, packet->properties);
  midge_write_bytes(writer, packet->unsuback.reasons);
}
