#include "engine/connect.h"

#include <string.h>

#include "base/slice.h"
#include "engine/alone.h"
#include "engine/authenticate.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/keep.h"
#include "engine/publish_in.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/records.h"
#include "engine/release.h"
#include "engine/renewals.h"
#include "engine/tell.h"

enum {
  /* The largest acknowledgement we send: four bytes and a reason code. */
  SMALLEST_PACKET_SIZE_MAX = 5,
};

/* --- Credentials --- */

midge_status midge_credentials_check(midge_slice user_name,
                                     midge_slice password,
                                     midge_version version,
                                     midge_text_policy text) {
  if (user_name.size > UINT16_MAX || password.size > UINT16_MAX)
    return MIDGE_EINVAL;
  if (version != MIDGE_MQTT_5 && user_name.data == NULL &&
      password.data != NULL)
    return MIDGE_EINVAL; /* [MQTT-3.1.2-22] of 3.1.1 */
  return midge_text_check(user_name, text);
}

midge_status midge_session_set_credentials(midge_session *session,
                                           midge_slice user_name,
                                           midge_slice password) {
  midge_status status = midge_credentials_check(
      user_name, password, session->options.version, session->options.text);
  if (status != MIDGE_OK) return status;

  midge_buffer *name = NULL, *secret = NULL;
  if (user_name.data != NULL)
    name = midge_buffer_copy(&session->allocator, user_name);
  if (password.data != NULL)
    secret = midge_buffer_copy(&session->allocator, password);
  if ((user_name.data != NULL && name == NULL) ||
      (password.data != NULL && secret == NULL)) {
    midge_buffer_release(name);
    midge_buffer_release(secret);
    return MIDGE_ENOMEM;
  }
  midge_buffer_release(session->user_name);
  midge_buffer_release(session->password);
  session->user_name = name;
  session->password = secret;
  return MIDGE_OK;
}

/* --- CONNECT --- */

static midge_slice bytes_of(const midge_buffer *buffer) {
  return buffer == NULL ? MIDGE_NO_SLICE : midge_buffer_slice(buffer);
}

static midge_packet connect_packet(const midge_session *session) {
  const midge_session_options *options = &session->options;
  midge_packet packet = {.type = MIDGE_CONNECT};
  packet.connect.version = session->version;
  packet.connect.clean_start = options->clean_start || session->anew;
  packet.connect.keep_alive_s = options->keep_alive_s;
  packet.connect.client_id = bytes_of(session->client_id);
  packet.connect.user_name = bytes_of(session->user_name);
  packet.connect.password = bytes_of(session->password);
  if (session->version == MIDGE_MQTT_5)
    packet.properties = bytes_of(session->connect_properties);
  else if (session->password != NULL && session->user_name == NULL)
    packet.connect.user_name = MIDGE_TEXT(""); /* 3.1.1: MQTT-3.1.2-22 */
  if (session->will == NULL) return packet;

  packet.connect.has_will = true;
  memcpy(&packet.connect.will, session->will->data, sizeof packet.connect.will);
  if (session->version != MIDGE_MQTT_5)
    packet.connect.will.properties = MIDGE_NO_SLICE;
  return packet;
}

/* What a server allows that has not said anything yet. */
static midge_limits limits_before_connack(const midge_session *session) {
  return (midge_limits){
      .qos_max = MIDGE_EXACTLY_ONCE,
      .receive_max = UINT16_MAX,
      .keep_alive_s = session->options.keep_alive_s,
      .packet_size_max = MIDGE_PACKET_SIZE_MAX,
      .session_expiry_s = session->options.session_expiry_s,
      .retain = true,
      .wildcards = true,
      .shared = true,
      .identifiers = true,
  };
}

/* [MQTT-3.1.2-23]: also of a session that was restored. */
static bool has_expired(const midge_session *session) {
  if (session->version != MIDGE_MQTT_5) return false;
  if (session->limits.session_expiry_s == UINT32_MAX) return false;
  if (session->now < session->closed_at) return false; /* or nobody knows */
  midge_time life = (midge_time)session->limits.session_expiry_s * 1000;
  return session->now - session->closed_at >= life;
}

/* [MQTT-3.1.2-4], [MQTT-3.1.2-23]: what is over is over before CONNECT. */
static void forget_ended_session(midge_session *session) {
  /* Negotiation may bring us where no server names its clients: nobody will
   * know this session again [MQTT-3.1.3-7 of 3.1.1]. */
  bool nameless =
      session->version != MIDGE_MQTT_5 && session->client_id == NULL;
  bool renamed = session->renamed;
  session->renamed = false;
  if (nameless) session->anew = true;
  if (!session->exists) return;
  bool passing = session->passing;
  if (!session->options.clean_start && !nameless && !renamed && !passing &&
      !has_expired(session))
    return;
  midge_session_renew(session);
  /* The server's clock may not agree; another client's session is its own, and
   * of one that has passed nothing is left. */
  if (!renamed && !passing) session->anew = true;
  midge_session_record_session(session);
}

static void greet(midge_session *session) {
  forget_ended_session(session);
  session->connection++;
  session->state = MIDGE_STATE_GREETING;
  session->ends = false;
  session->reauthenticates = session->challenged = false;
  session->breaks.kind = MIDGE_BREAK_NONE;
  session->breaks.text = NULL;
  session->limits = limits_before_connack(session);
  session->greeting_due = session->now + session->options.reply_timeout_ms;
  session->last_sent = session->last_heard = session->now;
  midge_aliases_reset(&session->aliases_in, session->options.alias_max);
  midge_packet packet = connect_packet(session);
  if (midge_session_show(session, &packet)) return;
  midge_session_fail(session, MIDGE_EOVERSIZE,
                     "CONNECT is larger than MQTT allows");
}

void midge_session_connected(midge_session *session) {
  if (session->state != MIDGE_STATE_IDLE) return;
  /* Without memory for it, the old answer is the answer to this one too. */
  if (!midge_events_queue_closed(&session->events)) return;
  if (session->options.hold) session->events.held = true;
  midge_session_tell_no_kept(session);
  greet(session);
  midge_session_settle(session);
}

/* --- CONNACK --- */

static void read_limit(midge_limits *limits, const midge_property *property) {
  uint32_t number = property->number;
  switch (property->id) {
    case MIDGE_SESSION_EXPIRY_INTERVAL:
      limits->session_expiry_s = number;
      break;
    case MIDGE_RECEIVE_MAXIMUM:
      limits->receive_max = (uint16_t)number;
      break;
    case MIDGE_MAXIMUM_QOS:
      limits->qos_max = number;
      break;
    case MIDGE_RETAIN_AVAILABLE:
      limits->retain = number != 0;
      break;
    case MIDGE_MAXIMUM_PACKET_SIZE:
      limits->packet_size_max = number;
      break;
    case MIDGE_TOPIC_ALIAS_MAXIMUM:
      limits->alias_max = (uint16_t)number;
      break;
    case MIDGE_WILDCARD_SUBSCRIPTION_AVAILABLE:
      limits->wildcards = number != 0;
      break;
    case MIDGE_SUBSCRIPTION_IDENTIFIERS_AVAILABLE:
      limits->identifiers = number != 0;
      break;
    case MIDGE_SHARED_SUBSCRIPTION_AVAILABLE:
      limits->shared = number != 0;
      break;
    case MIDGE_SERVER_KEEP_ALIVE:
      limits->keep_alive_s = (uint16_t)number;
      break;
    default:
      break;
  }
}

/* Null, or what is wrong with the answer to our client identifier. */
static const char *take_client_id(midge_session *session,
                                  midge_slice assigned) {
  if (session->version != MIDGE_MQTT_5) return NULL;
  if (session->client_id != NULL) return NULL;
  if (assigned.size == 0)
    return "no client identifier was assigned"; /* [MQTT-3.2.2-16] */
  session->client_id = midge_buffer_copy(&session->allocator, assigned);
  if (session->client_id == NULL)
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
  return NULL;
}

static bool is_clean(const midge_session *session) {
  return session->options.clean_start || session->anew;
}

/* Null, or what is wrong with the session that the server speaks of. MQTT 3.1.1
 * leaves it to the client to go on (3.2.2.2), and there are servers that say so
 * after a clean start: they are not believed. */
static const char *judge_session_present(midge_session *session, bool present) {
  if (!present) return NULL;
  if (is_clean(session))
    return session->version == MIDGE_MQTT_5
               ? "a session is present after a clean start" /* [MQTT-3.2.2-2] */
               : NULL;
  if (session->exists || session->options.adopt_session) return NULL;
  if (session->version != MIDGE_MQTT_5) return NULL;
  session->anew = true; /* MQTT 5, 3.2.2.1.1: so it can be had the next time */
  midge_session_record_session(session);
  return "a session is present that we do not know"; /* [MQTT-3.2.2-4] */
}

static void refused(midge_session *session, const midge_packet *packet) {
  uint8_t reason = packet->connack.reason;
  midge_closing closing = {
      .by = MIDGE_SIDE_SERVER, .reason = reason, .has_reason = true};
  closing.properties = packet->properties;
  if (session->version == MIDGE_MQTT_5) {
    midge_property said;
    closing.status = (midge_status)-reason;
    closing.lasting = midge_reason_is_lasting(MIDGE_CONNACK, reason);
    if (midge_property_find(packet->properties, MIDGE_REASON_STRING, &said))
      closing.said = said.value;
  } else {
    static const char *const texts[] = {
        [1] = "the server refused the protocol version",
        [2] = "the server refused the client identifier",
        [3] = "the server is unavailable",
        [4] = "the server refused the user name or password",
        [5] = "the server does not authorize this client",
    };
    bool known = reason < sizeof texts / sizeof *texts;
    closing.status = MIDGE_EREFUSED;
    closing.text = known ? texts[reason]
                         : "the server refused with an unknown return code";
    closing.lasting = known && reason != 3;
  }
  midge_session_close(session, &closing);
}

void midge_session_refused_version(midge_session *session) {
  bool again = session->options.negotiate && session->version == MIDGE_MQTT_5;
  if (again) session->version = MIDGE_MQTT_3_1_1;
  midge_session_close(
      session,
      &(midge_closing){
          .by = MIDGE_SIDE_SERVER,
          .status = (midge_status)-MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION,
          .reason = MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION,
          .has_reason = true,
          .lasting = !again,
          .text = "the server does not speak this version of MQTT"});
}

bool midge_session_is_old_refusal(const midge_session *session,
                                  midge_slice bytes, bool *whole) {
  static const uint8_t refusal[] = {0x20, 0x02, 0x00, 0x01};
  size_t size = bytes.size < sizeof refusal ? bytes.size : sizeof refusal;
  *whole = size == sizeof refusal;
  return session->state == MIDGE_STATE_GREETING &&
         session->version == MIDGE_MQTT_5 &&
         memcmp(bytes.data, refusal, size) == 0;
}

/* The event has bytes of its own: the client identifier is not the server's. */
static void tell_opened(midge_session *session, const midge_packet *packet,
                        bool present, bool resumed) {
  midge_slice client_id = bytes_of(session->client_id);
  midge_slice properties = packet->properties;
  midge_buffer *buffer =
      midge_buffer_new(&session->allocator, client_id.size + properties.size);
  midge_queued_event *queued =
      buffer == NULL ? NULL
                     : midge_events_push(&session->events, MIDGE_EVENT_OPENED);
  if (queued == NULL) {
    midge_buffer_release(buffer);
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  uint8_t *after = midge_slice_copy(buffer->data, client_id);
  midge_slice_copy(after, properties);
  queued->event.buffer = buffer;
  queued->event.properties = midge_slice_of(after, properties.size);
  queued->event.opened.session_present = present;
  queued->event.opened.resumed = resumed;
  queued->event.opened.version = session->version;
  queued->event.opened.client_id = midge_slice_of(buffer->data, client_id.size);
  queued->event.opened.limits = session->limits;
  queued->event.opened.renewed = session->renewed;
  queued->event.opened.dropped = session->dropped;
  session->renewed = session->dropped = 0;
}

static void release_again(midge_session *session) {
  for (midge_message *m = session->outbox.releases.first; m != NULL;
       m = m->release_next)
    if (!m->given_up)
      midge_session_control(session, MIDGE_PUBREL, m->owner.packet_id, 0);
}

static void open_session(midge_session *session, const midge_packet *packet) {
  bool said = packet->connack.session_present && !is_clean(session);
  /* CONNACK of MQTT 3.1 has no Session Present: trust what we remember. */
  bool present = session->version == MIDGE_MQTT_3_1
                     ? session->exists && !session->options.clean_start
                     : said;
  if (!present)
    midge_session_renew(session);
  else if (session->version == MIDGE_MQTT_3_1)
    midge_events_free_stranded(&session->events); /* better twice than never */
  else
    midge_session_drop_stranded(session);
  if (!midge_session_is_connected(session)) return; /* no memory */

  uint16_t window = session->options.in_flight_max;
  if (window > session->limits.receive_max)
    window = session->limits.receive_max;
  midge_session_open_window(session, window);
  session->state = MIDGE_STATE_OPEN;
  session->greeting_due = MIDGE_NEVER;
  session->passing = session->anew && session->version != MIDGE_MQTT_5;
  session->anew = false;
  midge_aliases_reset(&session->aliases_out, session->limits.alias_max);
  midge_aliases_reset(&session->aliases_said, UINT16_MAX);
  bool knew = session->exists;
  session->exists = true;
  if (!knew) midge_session_record_session(session);
  session->opening = session->records.written;
  tell_opened(session, packet, said, present);
  if (!midge_session_is_connected(session)) return;
  midge_session_release_orphans(session);
  midge_session_begin_to_tell_kept(session);
  if (!present || session->version == MIDGE_MQTT_3_1)
    midge_session_subscribe_again(session);
  release_again(session);
  /* Of one that was known before nothing is to wait for this. */
  if (knew) midge_session_record_session(session);
}

static const char *judge_connack(midge_session *session,
                                 const midge_packet *packet) {
  midge_property property;
  midge_slice assigned = MIDGE_NO_SLICE;
  for (midge_slice rest = packet->properties;
       midge_property_next(&rest, &property);) {
    read_limit(&session->limits, &property);
    if (property.id == MIDGE_ASSIGNED_CLIENT_IDENTIFIER)
      assigned = property.value;
  }
  if (!midge_session_method_matches(session, packet->properties))
    return "CONNACK has another authentication method"; /* [MQTT-4.12.0-5] */
  const char *wrong =
      judge_session_present(session, packet->connack.session_present);
  return wrong != NULL ? wrong : take_client_id(session, assigned);
}

void midge_session_connack(midge_session *session, const midge_packet *packet) {
  uint8_t reason = packet->connack.reason;
  if (reason == MIDGE_REASON_UNSUPPORTED_PROTOCOL_VERSION &&
      session->version == MIDGE_MQTT_5) {
    midge_session_refused_version(session);
    return;
  }
  if (reason != 0) {
    refused(session, packet);
    return;
  }
  const char *wrong = judge_connack(session, packet);
  if (wrong != NULL) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR, wrong);
    return;
  }
  if (!midge_session_is_connected(session)) return;
  if (session->limits.packet_size_max < SMALLEST_PACKET_SIZE_MAX) {
    midge_session_close(
        session, &(midge_closing){.by = MIDGE_SIDE_SELF,
                                  .status = MIDGE_EOVERSIZE,
                                  .lasting = true,
                                  .text = "the server takes no packet as "
                                          "large as an acknowledgement"});
    return;
  }
  open_session(session, packet);
}
