/* DISCONNECT and AUTH: MQTT 5, sections 3.14 and 3.15. */
#include "codec/layout.h"
#include "codec/property.h"
#include "codec/reason.h"

/* Before MQTT 5 the fixed header has seen to it that DISCONNECT is empty. */
void midge_read_disconnect(midge_cursor *cursor, midge_packet *packet) {
  packet->disconnect.form = MIDGE_FORM_BARE;
  if (midge_cursor_left(cursor) == 0) return;

  packet->disconnect.reason = midge_read_reason(cursor, MIDGE_DISCONNECT);
  packet->disconnect.form = MIDGE_FORM_REASON;
  if (midge_cursor_left(cursor) == 0) return;

  packet->properties = midge_read_properties(cursor, MIDGE_DISCONNECT);
  packet->disconnect.form = MIDGE_FORM_WHOLE;
}

static midge_form form_of(const midge_packet *packet) {
  if (packet->disconnect.form != MIDGE_FORM_SHORTEST)
    return packet->disconnect.form;
  if (packet->properties.size != 0) return MIDGE_FORM_WHOLE;
  return packet->disconnect.reason != 0 ? MIDGE_FORM_REASON : MIDGE_FORM_BARE;
}

void midge_write_disconnect(midge_writer *writer, const midge_packet *packet) {
  midge_form form = form_of(packet);
  if (writer->version != MIDGE_MQTT_5 || form == MIDGE_FORM_BARE) return;
  midge_write_byte(writer, packet->disconnect.reason);
  if (form == MIDGE_FORM_REASON) return;
  midge_write_properties(writer, packet->properties);
}

/* Unlike DISCONNECT, AUTH is empty or whole: section 3.15.2.2 does not let the
 * property length be left out alone. */
void midge_read_auth(midge_cursor *cursor, midge_packet *packet) {
  packet->auth.form = MIDGE_FORM_BARE;
  if (midge_cursor_left(cursor) == 0) return;

  packet->auth.reason = midge_read_reason(cursor, MIDGE_AUTH);
  packet->properties = midge_read_properties(cursor, MIDGE_AUTH);
  packet->auth.form = MIDGE_FORM_WHOLE;
}

void midge_write_auth(midge_writer *writer, const midge_packet *packet) {
  bool empty = packet->auth.form == MIDGE_FORM_BARE;
  if (packet->auth.form == MIDGE_FORM_SHORTEST)
    empty = packet->auth.reason == 0 && packet->properties.size == 0;
  if (empty) return;
  midge_write_byte(writer, packet->auth.reason);
  midge_write_properties(writer, packet->properties);
}
