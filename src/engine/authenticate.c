#include "engine/authenticate.h"

#include "base/slice.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/pump.h"
#include "engine/tell.h"

/* Every AUTH and CONNACK names the method of CONNECT, and none if that had
 * none [MQTT-4.12.0-5, -6]. */
bool midge_session_method_matches(const midge_session *session,
                                  midge_slice properties) {
  midge_property method;
  bool named =
      midge_property_find(properties, MIDGE_AUTHENTICATION_METHOD, &method);
  if (session->version != MIDGE_MQTT_5 || session->auth_method == NULL)
    return !named;
  return named && midge_slice_equal(method.value,
                                    midge_buffer_slice(session->auth_method));
}

static bool is_in_turn(const midge_session *session, uint8_t reason) {
  if (reason == MIDGE_REASON_CONTINUE_AUTHENTICATION)
    return session->state == MIDGE_STATE_GREETING || session->reauthenticates;
  return reason == MIDGE_REASON_SUCCESS && session->reauthenticates;
}

void midge_session_auth(midge_session *session, const midge_packet *packet) {
  uint8_t reason = packet->auth.reason;
  if (session->auth_method == NULL || !is_in_turn(session, reason) ||
      !midge_session_method_matches(session, packet->properties)) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "AUTH out of turn or with another method");
    return;
  }
  if (reason == MIDGE_REASON_SUCCESS) session->reauthenticates = false;
  session->challenged = reason == MIDGE_REASON_CONTINUE_AUTHENTICATION;
  session->greeting_due = session->state == MIDGE_STATE_GREETING
                              ? session->now + session->options.reply_timeout_ms
                              : MIDGE_NEVER;
  midge_queued_event *queued =
      midge_events_push(&session->events, MIDGE_EVENT_AUTHENTICATE);
  if (queued == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  queued->event.buffer = midge_buffer_hold(session->receiver.buffer);
  queued->event.properties = packet->properties;
  queued->event.authenticate.reason = reason;
}

/* Whether AUTH with this reason may be sent now [MQTT-4.12.0-7, 4.12.1-1]. */
static bool may_send(const midge_session *session, midge_reason reason) {
  if (session->auth_method == NULL) return false;
  if (session->version != MIDGE_MQTT_5) return false;
  if (reason == MIDGE_REASON_REAUTHENTICATE)
    return session->state == MIDGE_STATE_OPEN && !session->reauthenticates;
  return reason == MIDGE_REASON_CONTINUE_AUTHENTICATION && session->challenged;
}

/* The method in front of the program's properties, which may not name one. */
static midge_status show_auth(midge_session *session, midge_reason reason,
                              midge_properties properties) {
  midge_property method = {.id = MIDGE_AUTHENTICATION_METHOD};
  method.value = midge_buffer_slice(session->auth_method);
  midge_properties first = {&method, 1};
  size_t size =
      midge_properties_size(first) + midge_properties_size(properties);
  midge_buffer *wire = midge_buffer_new(&session->allocator, size);
  if (wire == NULL) return MIDGE_ENOMEM;

  uint8_t *to = midge_properties_encode(first, wire->data);
  midge_properties_encode(properties, to);
  midge_packet packet = {.type = MIDGE_AUTH};
  packet.properties = midge_buffer_slice(wire);
  packet.auth.reason = (uint8_t)reason;
  bool shown = midge_session_show(session, &packet);
  midge_buffer_release(wire);
  return shown ? MIDGE_OK : MIDGE_EOVERSIZE;
}

midge_status midge_session_authenticate(midge_session *session,
                                        midge_reason reason,
                                        midge_properties properties) {
  midge_status status = midge_properties_check(properties, MIDGE_AUTH);
  if (status != MIDGE_OK) return status;
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == MIDGE_AUTHENTICATION_METHOD)
      return MIDGE_EINVAL;
  if (!midge_session_is_connected(session)) return MIDGE_ENOCONN;
  if (!may_send(session, reason)) return MIDGE_EINVAL;

  status = show_auth(session, reason, properties);
  if (status != MIDGE_OK) return status;
  session->challenged = false;
  if (reason == MIDGE_REASON_REAUTHENTICATE) session->reauthenticates = true;
  midge_session_settle(session);
  return MIDGE_OK;
}
