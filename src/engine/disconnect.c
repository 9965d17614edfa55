#include "engine/disconnect.h"

#include "codec/reason.h"
#include "engine/abandon.h"
#include "engine/breaks.h"
#include "engine/closing.h"
#include "engine/fleeting.h"
#include "engine/keep.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/records.h"
#include "engine/release.h"
#include "engine/subscribe_out.h"
#include "engine/tell.h"
#include "engine/time.h"

/* Whether a request cannot be what the server disconnects us for. */
static bool names_another_cause(uint8_t reason) {
  switch (reason) {
    case MIDGE_REASON_SERVER_BUSY:
    case MIDGE_REASON_SERVER_SHUTTING_DOWN:
    case MIDGE_REASON_KEEP_ALIVE_TIMEOUT:
    case MIDGE_REASON_SESSION_TAKEN_OVER:
    case MIDGE_REASON_USE_ANOTHER_SERVER:
    case MIDGE_REASON_SERVER_MOVED:
    case MIDGE_REASON_CONNECTION_RATE_EXCEEDED:
    case MIDGE_REASON_MAXIMUM_CONNECT_TIME:
      return true;
    default:
      return false;
  }
}

void midge_session_server_disconnect(midge_session *session,
                                     const midge_packet *packet) {
  midge_property property;
  if (session->version != MIDGE_MQTT_5) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "a server of MQTT 3 cannot send DISCONNECT");
    return;
  }
  if (midge_property_find(packet->properties, MIDGE_SESSION_EXPIRY_INTERVAL,
                          &property)) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "DISCONNECT of the server with a session expiry");
    return;
  }
  uint8_t reason = packet->disconnect.reason;
  if (!names_another_cause(reason)) {
    session->breaks.kind = MIDGE_BREAK_DISCONNECTED;
    session->breaks.text =
        reason == 0 ? NULL : midge_status_text((midge_status)-reason);
  }
  midge_closing closing = {
      .by = MIDGE_SIDE_SERVER,
      .status = reason < 0x80 ? MIDGE_ELOST : (midge_status)-reason,
      .reason = reason,
      .has_reason = true,
      .lasting = midge_reason_is_lasting(MIDGE_DISCONNECT, reason),
      .properties = packet->properties,
  };
  if (midge_property_find(packet->properties, MIDGE_REASON_STRING, &property))
    closing.said = property.value;
  midge_session_close(session, &closing);
}

midge_status midge_disconnect_check(midge_reason reason,
                                    midge_properties properties,
                                    midge_version version,
                                    bool session_ends_with_connection) {
  if (version != MIDGE_MQTT_5)
    return reason == 0 && properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
  if ((unsigned)reason > UINT8_MAX ||
      !midge_reason_is_for((uint8_t)reason, MIDGE_DISCONNECT))
    return MIDGE_EINVAL;
  midge_status status = midge_properties_check(properties, MIDGE_DISCONNECT);
  if (status != MIDGE_OK) return status;
  for (size_t i = 0; i < properties.count; i++) {
    const midge_property *property = &properties.list[i];
    if (property->id == MIDGE_SERVER_REFERENCE) return MIDGE_EINVAL;
    if (property->id == MIDGE_SESSION_EXPIRY_INTERVAL &&
        session_ends_with_connection && property->number != 0)
      return MIDGE_EINVAL; /* MQTT 5, 3.14.2.2.2 */
  }
  return MIDGE_OK;
}

/* DISCONNECT as bytes; null when there is no memory. */
static midge_buffer *encode_farewell(const midge_session *session,
                                     midge_reason reason,
                                     midge_properties properties) {
  midge_buffer *wire =
      midge_buffer_new(&session->allocator, midge_properties_size(properties));
  if (wire == NULL) return NULL;
  midge_properties_encode(properties, wire->data);
  midge_packet packet = {.type = MIDGE_DISCONNECT};
  packet.properties = midge_buffer_slice(wire);
  packet.disconnect.reason = (uint8_t)reason;
  midge_buffer *farewell = midge_buffer_new(
      &session->allocator, midge_packet_size(session->version, &packet));
  if (farewell != NULL)
    midge_packet_encode(session->version, &packet, farewell->data);
  midge_buffer_release(wire);
  return farewell;
}

static bool ends_with_connection(const midge_session *session,
                                 uint32_t expiry_s) {
  return session->version == MIDGE_MQTT_5 ? expiry_s == 0
                                          : session->options.clean_start;
}

/* The last word on it is DISCONNECT's. */
static void keep_expiry(midge_session *session, midge_properties properties) {
  if (session->version != MIDGE_MQTT_5) return;
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == MIDGE_SESSION_EXPIRY_INTERVAL)
      session->limits.session_expiry_s = properties.list[i].number;
}

static midge_status end_without_connection(midge_session *session) {
  uint32_t expiry_s = session->connection != 0
                          ? session->limits.session_expiry_s
                          : session->options.session_expiry_s;
  if (ends_with_connection(session, expiry_s)) {
    midge_session_close_all(session);
    session->ends = true; /* what is in the output ends with it */
  }
  return MIDGE_ENOCONN;
}

/* How long DISCONNECT waits for answers: no longer than was said before. */
static void set_patience(midge_session *session, uint32_t patience_ms) {
  bool first = session->state != MIDGE_STATE_LEAVING;
  midge_time due = session->now + patience_ms;
  if (first) session->patience_due = MIDGE_NEVER;
  session->patient = patience_ms != 0 && (first || session->patient);
  if (patience_ms != 0 && due < session->patience_due)
    session->patience_due = due;
  if (session->ends && !session->patient)
    midge_session_close_acknowledged(session);
}

static midge_status leave_sooner(midge_session *session, uint32_t patience_ms) {
  set_patience(session, patience_ms);
  midge_session_settle(session);
  return MIDGE_OK;
}

/* What is said at last; nothing is done yet. */
static midge_status prepare_farewell(midge_session *session,
                                     midge_reason reason,
                                     midge_properties properties) {
  midge_status status =
      midge_disconnect_check(reason, properties, session->options.version,
                             session->options.session_expiry_s == 0);
  if (status != MIDGE_OK) return status;
  midge_buffer *farewell = encode_farewell(session, reason, properties);
  if (farewell == NULL) return MIDGE_ENOMEM;
  if (farewell->size > session->limits.packet_size_max) {
    midge_buffer_release(farewell);
    return MIDGE_EOVERSIZE;
  }
  session->farewell = farewell;
  session->farewell_reason =
      session->version == MIDGE_MQTT_5 ? (uint8_t)reason : 0;
  return MIDGE_OK;
}

midge_status midge_session_disconnect(midge_session *session,
                                      midge_reason reason,
                                      midge_properties properties,
                                      uint32_t patience_ms) {
  if (session->state == MIDGE_STATE_LEAVING)
    return leave_sooner(session, patience_ms);
  if (!midge_session_is_connected(session))
    return end_without_connection(session);
  midge_status status = prepare_farewell(session, reason, properties);
  if (status != MIDGE_OK) return status;
  keep_expiry(session, properties);
  session->ends =
      ends_with_connection(session, session->limits.session_expiry_s);
  bool greets = session->state == MIDGE_STATE_GREETING;
  set_patience(session, greets ? 0 : patience_ms);
  if (session->ends && greets) midge_session_close_all(session);
  /* Without memory to tell of them the connection has failed by now. */
  if (session->state == MIDGE_STATE_GREETING)
    midge_session_say_farewell(session);
  else if (session->state == MIDGE_STATE_OPEN)
    session->state = MIDGE_STATE_LEAVING;
  midge_session_settle(session);
  return MIDGE_OK;
}

/* Whether the server may go on with this session, and send again what we have
 * not answered. */
static bool comes_again(const midge_session *session) {
  return !session->ends && !session->options.clean_start && !session->passing &&
         !ends_with_connection(session, session->limits.session_expiry_s);
}

/* A message of QoS 2 was done, and PUBCOMP is not even in the output: some
 * servers go back from PUBREL to PUBLISH. What is in the output may have left,
 * as of a write that fails nobody knows how far it came; then the identifier
 * may be another message's [MQTT-4.3.3-12]. */
static void recall(midge_session *session, uint16_t packet_id) {
  midge_inbox *inbox = &session->inbox;
  if (midge_inbox_state(inbox, packet_id) != MIDGE_INBOUND_NEW) return;
  if (midge_inbox_set_state(inbox, packet_id, MIDGE_INBOUND_COMPLETED))
    midge_session_record_completed(session, packet_id);
}

static void forget_controls(midge_session *session) {
  bool again = comes_again(session);
  for (size_t i = 0; again && i < session->controls.count; i++) {
    const midge_control *control = midge_ring_at(&session->controls, i);
    if (control->completes) recall(session, control->packet_id);
  }
  midge_ring_clear(&session->controls);
}

/* Nothing of the connection is left; of the session what outlives it. */
static void forget_connection(midge_session *session) {
  midge_session_rewind_messages(session);
  midge_session_keep_rewound(session);
  midge_output_clear(&session->output);
  if (session->events.held && comes_again(session))
    midge_events_strand(&session->events);
  midge_receiver_clear(&session->receiver);
  forget_controls(session);
  midge_inbox_rewind(&session->inbox);
  midge_session_drop_waiting(session);
  midge_session_rewind_requests(session);
  midge_deadlines_rewind(&session->deadlines);
  midge_aliases_reset(&session->aliases_in, 0);
  midge_aliases_reset(&session->aliases_out, 0);
  midge_aliases_reset(&session->aliases_said, UINT16_MAX);
  midge_session_clear_times(session);
  midge_buffer_release(session->farewell);
  session->farewell = NULL;
  session->paused = false;
}

void midge_session_disconnected(midge_session *session, bool by_server) {
  if (session->state == MIDGE_STATE_IDLE) return;
  if (by_server && midge_session_is_open(session))
    session->breaks.kind = MIDGE_BREAK_CLOSED;
  if (midge_session_is_connected(session))
    midge_session_close(session, &(midge_closing){.by = MIDGE_SIDE_NETWORK,
                                                  .status = MIDGE_ELOST});
  session->state = MIDGE_STATE_IDLE;
  session->closed_at = session->now;
  midge_verdict verdict = midge_session_judge_break(session);
  forget_connection(session);
  midge_session_carry_out(session, verdict);
  bool existed = session->exists;
  if (session->ends) {
    midge_session_close_all(session);
    midge_session_renew(session);
    midge_session_release_orphans(session);
  }
  if (existed) midge_session_record_session(session);
}
