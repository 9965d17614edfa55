/* PUBACK, PUBREC, PUBREL, PUBCOMP: MQTT 5, sections 3.4 to 3.7. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/reason.h"

/* Before MQTT 5 the fixed header has seen to it that nothing follows the
 * packet identifier. */
void midge_read_ack(midge_cursor *cursor, midge_packet *packet) {
  packet->ack.duplicate = (cursor->flags & MIDGE_FLAG_DUPLICATE) != 0;
  packet->ack.packet_id = midge_read_packet_id(cursor);
  packet->ack.form = MIDGE_FORM_BARE;
  if (midge_cursor_left(cursor) == 0) return;

  packet->ack.reason = midge_read_reason(cursor, packet->type);
  packet->ack.form = MIDGE_FORM_REASON;
  if (midge_cursor_left(cursor) == 0) return;

  packet->properties = midge_read_properties(cursor, packet->type);
  packet->ack.form = MIDGE_FORM_WHOLE;
}

static midge_form form_of(const midge_packet *packet) {
  if (packet->ack.form != MIDGE_FORM_SHORTEST) return packet->ack.form;
  if (packet->properties.size != 0) return MIDGE_FORM_WHOLE;
  return packet->ack.reason != 0 ? MIDGE_FORM_REASON : MIDGE_FORM_BARE;
}

void midge_write_ack(midge_writer *writer, const midge_packet *packet) {
  midge_form form = form_of(packet);
  midge_write_two_bytes(writer, packet->ack.packet_id);
  if (writer->version != MIDGE_MQTT_5 || form == MIDGE_FORM_BARE) return;
  midge_write_byte(writer, packet->ack.reason);
  if (form == MIDGE_FORM_REASON) return;
  midge_write_properties(writer, packet->properties);
}
