/* What the server's packets mean: rows are where we are, columns what came. An
 * empty cell is a protocol error, handled in one place. */
#include "engine/dispatch.h"

#include "base/slice.h"
#include "engine/authenticate.h"
#include "engine/closing.h"
#include "engine/connect.h"
#include "engine/disconnect.h"
#include "engine/publish_in.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/subscribe_out.h"
#include "engine/tell.h"
#include "engine/time.h"
#include "engine/trace.h"

typedef void handler(midge_session *session, const midge_packet *packet);

/* It has been heard; and it tells how long that takes. */
static void pingresp(midge_session *session, const midge_packet *packet) {
  midge_trips_end(&session->trips, MIDGE_TRIP_OF_PING, session->now);
  midge_session_note_packet(session, packet, false);
}

enum { TYPES = MIDGE_AUTH + 1 };

static handler *const while_greeting[TYPES] = {
    [MIDGE_CONNACK] = midge_session_connack,
    [MIDGE_AUTH] = midge_session_auth,
};

static handler *const while_open[TYPES] = {
    [MIDGE_PUBLISH] = midge_session_publish_in,
    [MIDGE_PUBACK] = midge_session_puback,
    [MIDGE_PUBREC] = midge_session_pubrec,
    [MIDGE_PUBREL] = midge_session_pubrel,
    [MIDGE_PUBCOMP] = midge_session_pubcomp,
    [MIDGE_SUBACK] = midge_session_suback,
    [MIDGE_UNSUBACK] = midge_session_unsuback,
    [MIDGE_PINGRESP] = pingresp,
    [MIDGE_DISCONNECT] = midge_session_server_disconnect,
    [MIDGE_AUTH] = midge_session_auth,
};

static handler *const *const table[] = {
    [MIDGE_STATE_GREETING] = while_greeting,
    [MIDGE_STATE_OPEN] = while_open,
    [MIDGE_STATE_LEAVING] = while_open,
};

/* [MQTT-3.1.2-29]: without Request Problem Information only these three may
 * carry a Reason String or User Properties. */
static bool explains_too_much(const midge_session *session,
                              const midge_packet *packet) {
  const uint32_t may =
      MIDGE_IN(PUBLISH) | MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT);
  midge_property property;
  if (session->problem_information) return false;
  if (may & 1u << packet->type) return false;
  return midge_property_find(packet->properties, MIDGE_REASON_STRING,
                             &property) ||
         midge_property_find(packet->properties, MIDGE_USER_PROPERTY,
                             &property);
}

static void dispatch(midge_session *session, const midge_packet *packet) {
  handler *handle = table[session->state][packet->type];
  if (handle == NULL) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "the server sent a packet out of turn");
    return;
  }
  if (explains_too_much(session, packet)) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "the server explains what it was asked not to");
    return;
  }
  handle(session, packet);
}

/* False: what was refused may yet be the refusal of an older server. */
static bool refuse(midge_session *session, const midge_decode_result *result,
                   midge_slice bytes) {
  bool whole;
  if (!midge_session_is_old_refusal(session, bytes, &whole)) {
    midge_session_break(session, result->reason, result->text);
    return true;
  }
  if (whole) midge_session_refused_version(session);
  return whole;
}

/* One packet, if there is a whole one. */
static bool process_one(midge_session *session) {
  midge_slice bytes = midge_receiver_bytes(&session->receiver);
  midge_decode_options options = {
      .version = session->version,
      .text =
          session->options.strict_text ? MIDGE_TEXT_STRICT : MIDGE_TEXT_LENIENT,
      .packet_size_max = session->options.packet_size_max,
      .known_topic = session->receiver.known_topic,
  };
  midge_packet packet;
  midge_decode_result result = midge_packet_decode(&options, bytes, &packet);
  if (result.outcome == MIDGE_DECODED) {
    if (packet.type == MIDGE_PUBLISH)
      session->receiver.known_topic = packet.publish.topic;
    dispatch(session, &packet);
    midge_receiver_take(&session->receiver, result.size);
    session->receiver.begun = session->now;
    return true;
  }
  if (result.outcome == MIDGE_REFUSED) return refuse(session, &result, bytes);
  session->receiver.packet_size = (uint32_t)result.size;
  return false;
}

static void process(midge_session *session) {
  while (midge_session_is_connected(session) &&
         midge_receiver_waits(&session->receiver) && process_one(session))
    continue;
  if (!midge_session_is_connected(session))
    midge_receiver_clear(&session->receiver);
}

/* The time of what waits counts from when it began, and from when it moved. */
static void note_bytes(midge_session *session) {
  midge_receiver *receiver = &session->receiver;
  if (!midge_receiver_waits(receiver)) receiver->begun = session->now;
  receiver->moved = session->now;
}

static void add(midge_session *session, midge_slice bytes) {
  note_bytes(session);
  if (midge_receiver_add(&session->receiver, bytes)) {
    process(session);
    return;
  }
  midge_session_fail(session, MIDGE_ENOMEM, NULL);
  midge_receiver_clear(&session->receiver);
}

/* The packet that has begun has its bytes elsewhere: the first of these join
 * it there. */
static midge_slice complete(midge_session *session, midge_slice bytes) {
  size_t size;
  while ((size = midge_receiver_missing(&session->receiver, bytes)) != 0) {
    add(session, midge_slice_of(bytes.data, size));
    bytes = midge_slice_skip(bytes, size);
  }
  return bytes;
}

static void lend(midge_session *session, midge_slice bytes,
                 midge_buffer *buffer) {
  bytes = complete(session, bytes);
  if (!midge_session_is_connected(session) || bytes.size == 0) return;
  note_bytes(session);
  midge_receiver_lend(&session->receiver, bytes, buffer);
  process(session);
}

void midge_session_received_in(midge_session *session, midge_slice bytes,
                               midge_buffer *buffer) {
  if (!midge_session_is_connected(session) || bytes.size == 0) return;
  midge_session_heard(session);
  if (buffer == NULL)
    add(session, bytes);
  else
    lend(session, bytes, buffer);
  midge_session_settle(session);
}

void midge_session_received(midge_session *session, midge_slice bytes) {
  midge_session_received_in(session, bytes, NULL);
}

uint8_t *midge_session_room(midge_session *session, size_t most, size_t *size) {
  if (!midge_session_is_connected(session)) return NULL;
  return midge_receiver_room(&session->receiver, most, size);
}
