#include "engine/closing.h"

#include "base/slice.h"
#include "codec/reason.h"
#include "engine/control.h"
#include "engine/tell.h"

/* Tell a server of MQTT 5 why, as far as it takes packets of that size. */
static bool show_disconnect(midge_session *session, uint8_t reason) {
  if (session->version != MIDGE_MQTT_5) return false;
  midge_packet packet = {.type = MIDGE_DISCONNECT};
  packet.disconnect.reason = reason;
  return midge_session_show(session, &packet);
}

void midge_session_break(midge_session *session, midge_reason reason,
                         const char *text) {
  if (!midge_session_is_connected(session)) return;
  /* What is wrong with a CONNECT has codes that only CONNACK may carry; from a
   * server it is the packet itself that is wrong. */
  if (!midge_reason_is_for((uint8_t)reason, MIDGE_DISCONNECT))
    reason = MIDGE_REASON_PROTOCOL_ERROR;
  if (midge_session_is_open(session)) {
    session->breaks.kind = MIDGE_BREAK_WRONG;
    session->breaks.text = text;
  }
  bool told = show_disconnect(session, (uint8_t)reason);
  if (!midge_session_is_connected(session)) return;
  midge_session_close(session,
                      &(midge_closing){.by = MIDGE_SIDE_SELF,
                                       .status = MIDGE_EPROTOCOL,
                                       .reason = told ? (uint8_t)reason : 0,
                                       .has_reason = told,
                                       .text = text});
}

void midge_session_part(midge_session *session, const char *text) {
  static const midge_packet goodbye = {.type = MIDGE_DISCONNECT};
  if (!midge_session_is_open(session)) return;
  midge_session_show(session, &goodbye);
  if (!midge_session_is_open(session)) return;
  midge_session_close(
      session, &(midge_closing){
                   .by = MIDGE_SIDE_SELF, .status = MIDGE_ELOST, .text = text});
}

bool midge_reason_is_lasting(midge_packet_type type, uint8_t reason) {
  switch (reason) {
    case MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION:
    case MIDGE_REASON_CLIENT_IDENTIFIER_NOT_VALID:
    case MIDGE_REASON_BAD_USER_NAME_OR_PASSWORD:
    case MIDGE_REASON_NOT_AUTHORIZED:
    case MIDGE_REASON_BANNED:
    case MIDGE_REASON_BAD_AUTHENTICATION_METHOD:
    case MIDGE_REASON_SESSION_TAKEN_OVER:
    case MIDGE_REASON_SERVER_MOVED:
    case MIDGE_REASON_USE_ANOTHER_SERVER:
      return true;
    case MIDGE_REASON_MALFORMED_PACKET:
    case MIDGE_REASON_PROTOCOL_ERROR:
    case MIDGE_REASON_TOPIC_NAME_INVALID:
    case MIDGE_REASON_PACKET_TOO_LARGE:
    case MIDGE_REASON_PAYLOAD_FORMAT_INVALID:
    case MIDGE_REASON_RETAIN_NOT_SUPPORTED:
    case MIDGE_REASON_QOS_NOT_SUPPORTED:
      return type == MIDGE_CONNACK; /* the same CONNECT will come again */
    default:
      return false;
  }
}

void midge_session_say_farewell(midge_session *session) {
  midge_slice bytes = midge_buffer_slice(session->farewell);
  uint8_t *to = midge_output_reserve(&session->output, bytes.size);
  if (to == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  midge_slice_copy(to, bytes);
  midge_output_commit(&session->output, bytes.size);
  midge_session_close(
      session,
      &(midge_closing){.by = MIDGE_SIDE_SELF,
                       .status = MIDGE_OK,
                       .reason = session->farewell_reason,
                       .has_reason = session->version == MIDGE_MQTT_5});
}
