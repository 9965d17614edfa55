/* midge/packet.h - MQTT packets as values: bytes to struct, struct to bytes.
 *
 *     bytes  -- midge_packet_decode -->  midge_packet
 *     bytes  <-- midge_packet_encode --  midge_packet
 *
 * Nothing here keeps state. Decoding copies nothing: the slices of a packet
 * point into the bytes it was decoded from and live as long as they do.
 * Encoding what was decoded gives the same bytes back; the fuzzers hold us to
 * it. Every function may be called from any thread. */
#ifndef MIDGE_PACKET_H
#define MIDGE_PACKET_H

#include "midge/types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum midge_version {
  MIDGE_MQTT_5,
  MIDGE_MQTT_3_1_1,
  MIDGE_MQTT_3_1,
} midge_version;

typedef enum midge_qos {
  MIDGE_AT_MOST_ONCE,
  MIDGE_AT_LEAST_ONCE,
  MIDGE_EXACTLY_ONCE,
} midge_qos;

/* MQTT 5, section 2.1.2. */
typedef enum midge_packet_type {
  MIDGE_CONNECT = 1,
  MIDGE_CONNACK,
  MIDGE_PUBLISH,
  MIDGE_PUBACK,
  MIDGE_PUBREC,
  MIDGE_PUBREL,
  MIDGE_PUBCOMP,
  MIDGE_SUBSCRIBE,
  MIDGE_SUBACK,
  MIDGE_UNSUBSCRIBE,
  MIDGE_UNSUBACK,
  MIDGE_PINGREQ,
  MIDGE_PINGRESP,
  MIDGE_DISCONNECT,
  MIDGE_AUTH,
} midge_packet_type;

/* Sets of packet types, for the tables: bit n stands for type n. */
#define MIDGE_IN(type) (1u << MIDGE_##type)

/* What four bytes of remaining length can say, and the same with its fixed
 * header: MQTT 5, sections 1.5.5 and 2.1.4. */
enum {
  MIDGE_REMAINING_LENGTH_MAX = 268435455,
  MIDGE_PACKET_SIZE_MAX = MIDGE_REMAINING_LENGTH_MAX + 5,
};

/* Reason codes: name, number, packets that may carry it, text. MQTT 5, 2.4.
 * Names and texts are those of the specification. */
#define MIDGE_REASON_MAP(X)                                                    \
  X(SUCCESS, 0x00,                                                             \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(PUBREL) | MIDGE_IN(PUBCOMP) | MIDGE_IN(SUBACK) |              \
        MIDGE_IN(UNSUBACK) | MIDGE_IN(DISCONNECT) | MIDGE_IN(AUTH),            \
    "Success")                                                                 \
  X(GRANTED_QOS_1, 0x01, MIDGE_IN(SUBACK), "Granted QoS 1")                    \
  X(GRANTED_QOS_2, 0x02, MIDGE_IN(SUBACK), "Granted QoS 2")                    \
  X(DISCONNECT_WITH_WILL_MESSAGE, 0x04, MIDGE_IN(DISCONNECT),                  \
    "Disconnect with Will Message")                                            \
  X(NO_MATCHING_SUBSCRIBERS, 0x10, MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC),        \
    "No matching subscribers")                                                 \
  X(NO_SUBSCRIPTION_EXISTED, 0x11, MIDGE_IN(UNSUBACK),                         \
    "No subscription existed")                                                 \
  X(CONTINUE_AUTHENTICATION, 0x18, MIDGE_IN(AUTH), "Continue authentication")  \
  X(REAUTHENTICATE, 0x19, MIDGE_IN(AUTH), "Re-authenticate")                   \
  X(UNSPECIFIED_ERROR, 0x80,                                                   \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(SUBACK) | MIDGE_IN(UNSUBACK) | MIDGE_IN(DISCONNECT),          \
    "Unspecified error")                                                       \
  X(MALFORMED_PACKET, 0x81, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),          \
    "Malformed Packet")                                                        \
  X(PROTOCOL_ERROR, 0x82, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),            \
    "Protocol Error")                                                          \
  X(IMPLEMENTATION_SPECIFIC_ERROR, 0x83,                                       \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(SUBACK) | MIDGE_IN(UNSUBACK) | MIDGE_IN(DISCONNECT),          \
    "Implementation specific error")                                           \
  X(UNSUPPORTED_PROTOCOL_VERSION, 0x84, MIDGE_IN(CONNACK),                     \
    "Unsupported Protocol Version")                                            \
  X(CLIENT_IDENTIFIER_NOT_VALID, 0x85, MIDGE_IN(CONNACK),                      \
    "Client Identifier not valid")                                             \
  X(BAD_USER_NAME_OR_PASSWORD, 0x86, MIDGE_IN(CONNACK),                        \
    "Bad User Name or Password")                                               \
  X(NOT_AUTHORIZED, 0x87,                                                      \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(SUBACK) | MIDGE_IN(UNSUBACK) | MIDGE_IN(DISCONNECT),          \
    "Not authorized")                                                          \
  X(SERVER_UNAVAILABLE, 0x88, MIDGE_IN(CONNACK), "Server unavailable")         \
  X(SERVER_BUSY, 0x89, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),               \
    "Server busy")                                                             \
  X(BANNED, 0x8A, MIDGE_IN(CONNACK), "Banned")                                 \
  X(SERVER_SHUTTING_DOWN, 0x8B, MIDGE_IN(DISCONNECT), "Server shutting down")  \
  X(BAD_AUTHENTICATION_METHOD, 0x8C, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT), \
    "Bad authentication method")                                               \
  X(KEEP_ALIVE_TIMEOUT, 0x8D, MIDGE_IN(DISCONNECT), "Keep Alive timeout")      \
  X(SESSION_TAKEN_OVER, 0x8E, MIDGE_IN(DISCONNECT), "Session taken over")      \
  X(TOPIC_FILTER_INVALID, 0x8F,                                                \
    MIDGE_IN(SUBACK) | MIDGE_IN(UNSUBACK) | MIDGE_IN(DISCONNECT),              \
    "Topic Filter invalid")                                                    \
  X(TOPIC_NAME_INVALID, 0x90,                                                  \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(DISCONNECT),                                                  \
    "Topic Name invalid")                                                      \
  X(PACKET_IDENTIFIER_IN_USE, 0x91,                                            \
    MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) | MIDGE_IN(SUBACK) |                   \
        MIDGE_IN(UNSUBACK),                                                    \
    "Packet Identifier in use")                                                \
  X(PACKET_IDENTIFIER_NOT_FOUND, 0x92, MIDGE_IN(PUBREL) | MIDGE_IN(PUBCOMP),   \
    "Packet Identifier not found")                                             \
  X(RECEIVE_MAXIMUM_EXCEEDED, 0x93, MIDGE_IN(DISCONNECT),                      \
    "Receive Maximum exceeded")                                                \
  X(TOPIC_ALIAS_INVALID, 0x94, MIDGE_IN(DISCONNECT), "Topic Alias invalid")    \
  X(PACKET_TOO_LARGE, 0x95, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),          \
    "Packet too large")                                                        \
  X(MESSAGE_RATE_TOO_HIGH, 0x96, MIDGE_IN(DISCONNECT),                         \
    "Message rate too high")                                                   \
  X(QUOTA_EXCEEDED, 0x97,                                                      \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(SUBACK) | MIDGE_IN(DISCONNECT),                               \
    "Quota exceeded")                                                          \
  X(ADMINISTRATIVE_ACTION, 0x98, MIDGE_IN(DISCONNECT),                         \
    "Administrative action")                                                   \
  X(PAYLOAD_FORMAT_INVALID, 0x99,                                              \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(DISCONNECT),                                                  \
    "Payload format invalid")                                                  \
  X(RETAIN_NOT_SUPPORTED, 0x9A, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),      \
    "Retain not supported")                                                    \
  X(QOS_NOT_SUPPORTED, 0x9B, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),         \
    "QoS not supported")                                                       \
  X(USE_ANOTHER_SERVER, 0x9C, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),        \
    "Use another server")                                                      \
  X(SERVER_MOVED, 0x9D, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),              \
    "Server moved")                                                            \
  X(SHARED_SUBSCRIPTIONS_NOT_SUPPORTED, 0x9E,                                  \
    MIDGE_IN(SUBACK) | MIDGE_IN(DISCONNECT),                                   \
    "Shared Subscriptions not supported")                                      \
  X(CONNECTION_RATE_EXCEEDED, 0x9F, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),  \
    "Connection rate exceeded")                                                \
  X(MAXIMUM_CONNECT_TIME, 0xA0, MIDGE_IN(DISCONNECT), "Maximum connect time")  \
  X(SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED, 0xA1,                              \
    MIDGE_IN(SUBACK) | MIDGE_IN(DISCONNECT),                                   \
    "Subscription Identifiers not supported")                                  \
  X(WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED, 0xA2,                                \
    MIDGE_IN(SUBACK) | MIDGE_IN(DISCONNECT),                                   \
    "Wildcard Subscriptions not supported")

typedef enum midge_reason {
#define MIDGE_REASON_MEMBER(name, number, packets, text) \
  MIDGE_REASON_##name = number,
  MIDGE_REASON_MAP(MIDGE_REASON_MEMBER)
#undef MIDGE_REASON_MEMBER
      MIDGE_REASON_HIGHEST = 0xff,
  MIDGE_REASON_WITHHELD = 0x100, /* none: only for _acknowledge */
} midge_reason;

/* The text of a reason code of MQTT 5; null for an unknown one. Static. */
MIDGE_API const char *midge_reason_text(midge_reason reason);

/* The types of property values. MQTT 5, section 1.5. */
typedef enum midge_property_type {
  MIDGE_TYPE_BOOLEAN, /* a byte that is 0 or 1 */
  MIDGE_TYPE_QOS,     /* Maximum QoS: a byte that is 0 or 1 */
  MIDGE_TYPE_TWO_BYTES,
  MIDGE_TYPE_FOUR_BYTES,
  MIDGE_TYPE_VARIABLE,
  MIDGE_TYPE_TEXT,
  MIDGE_TYPE_BINARY,
  MIDGE_TYPE_PAIR,
} midge_property_type;

/* MIDGE_IN_WILL is not a packet type: the will's properties in CONNECT. */
#define MIDGE_WILL 16

/* Properties: name, identifier, type, where allowed, lowest and highest legal
 * number, may appear more than once, name in JavaScript. MQTT 5, 2.2.2.2. */
#define MIDGE_PROPERTY_MAP(X)                                                  \
  X(PAYLOAD_FORMAT_INDICATOR, 0x01, BOOLEAN,                                   \
    MIDGE_IN(PUBLISH) | MIDGE_IN(WILL), 0, 1, false, "payloadFormatIndicator") \
  X(MESSAGE_EXPIRY_INTERVAL, 0x02, FOUR_BYTES,                                 \
    MIDGE_IN(PUBLISH) | MIDGE_IN(WILL), 0, UINT32_MAX, false,                  \
    "messageExpiryInterval")                                                   \
  X(CONTENT_TYPE, 0x03, TEXT, MIDGE_IN(PUBLISH) | MIDGE_IN(WILL), 0, 0, false, \
    "contentType")                                                             \
  X(RESPONSE_TOPIC, 0x08, TEXT, MIDGE_IN(PUBLISH) | MIDGE_IN(WILL), 0, 0,      \
    false, "responseTopic")                                                    \
  X(CORRELATION_DATA, 0x09, BINARY, MIDGE_IN(PUBLISH) | MIDGE_IN(WILL), 0, 0,  \
    false, "correlationData")                                                  \
  X(SUBSCRIPTION_IDENTIFIER, 0x0B, VARIABLE,                                   \
    MIDGE_IN(PUBLISH) | MIDGE_IN(SUBSCRIBE), 1, 268435455, false,              \
    "subscriptionIdentifier") /* repeatable in PUBLISH only */                 \
  X(SESSION_EXPIRY_INTERVAL, 0x11, FOUR_BYTES,                                 \
    MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT), 0,           \
    UINT32_MAX, false, "sessionExpiryInterval")                                \
  X(ASSIGNED_CLIENT_IDENTIFIER, 0x12, TEXT, MIDGE_IN(CONNACK), 0, 0, false,    \
    "assignedClientIdentifier")                                                \
  X(SERVER_KEEP_ALIVE, 0x13, TWO_BYTES, MIDGE_IN(CONNACK), 0, UINT16_MAX,      \
    false, "serverKeepAlive")                                                  \
  X(AUTHENTICATION_METHOD, 0x15, TEXT,                                         \
    MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK) | MIDGE_IN(AUTH), 0, 0, false,       \
    "authenticationMethod")                                                    \
  X(AUTHENTICATION_DATA, 0x16, BINARY,                                         \
    MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK) | MIDGE_IN(AUTH), 0, 0, false,       \
    "authenticationData")                                                      \
  X(REQUEST_PROBLEM_INFORMATION, 0x17, BOOLEAN, MIDGE_IN(CONNECT), 0, 1,       \
    false, "requestProblemInformation")                                        \
  X(WILL_DELAY_INTERVAL, 0x18, FOUR_BYTES, MIDGE_IN(WILL), 0, UINT32_MAX,      \
    false, "willDelayInterval")                                                \
  X(REQUEST_RESPONSE_INFORMATION, 0x19, BOOLEAN, MIDGE_IN(CONNECT), 0, 1,      \
    false, "requestResponseInformation")                                       \
  X(RESPONSE_INFORMATION, 0x1A, TEXT, MIDGE_IN(CONNACK), 0, 0, false,          \
    "responseInformation")                                                     \
  X(SERVER_REFERENCE, 0x1C, TEXT, MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT), 0, \
    0, false, "serverReference")                                               \
  X(REASON_STRING, 0x1F, TEXT,                                                 \
    MIDGE_IN(CONNACK) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                  \
        MIDGE_IN(PUBREL) | MIDGE_IN(PUBCOMP) | MIDGE_IN(SUBACK) |              \
        MIDGE_IN(UNSUBACK) | MIDGE_IN(DISCONNECT) | MIDGE_IN(AUTH),            \
    0, 0, false, "reasonString")                                               \
  X(RECEIVE_MAXIMUM, 0x21, TWO_BYTES, MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK),   \
    1, UINT16_MAX, false, "receiveMaximum")                                    \
  X(TOPIC_ALIAS_MAXIMUM, 0x22, TWO_BYTES,                                      \
    MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK), 0, UINT16_MAX, false,               \
    "topicAliasMaximum")                                                       \
  X(TOPIC_ALIAS, 0x23, TWO_BYTES, MIDGE_IN(PUBLISH), 1, UINT16_MAX, false,     \
    "topicAlias")                                                              \
  X(MAXIMUM_QOS, 0x24, QOS, MIDGE_IN(CONNACK), 0, 1, false, "maximumQoS")      \
  X(RETAIN_AVAILABLE, 0x25, BOOLEAN, MIDGE_IN(CONNACK), 0, 1, false,           \
    "retainAvailable")                                                         \
  X(USER_PROPERTY, 0x26, PAIR,                                                 \
    MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK) | MIDGE_IN(PUBLISH) |                \
        MIDGE_IN(WILL) | MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) |                 \
        MIDGE_IN(PUBREL) | MIDGE_IN(PUBCOMP) | MIDGE_IN(SUBSCRIBE) |           \
        MIDGE_IN(SUBACK) | MIDGE_IN(UNSUBSCRIBE) | MIDGE_IN(UNSUBACK) |        \
        MIDGE_IN(DISCONNECT) | MIDGE_IN(AUTH),                                 \
    0, 0, true, "userProperties")                                              \
  X(MAXIMUM_PACKET_SIZE, 0x27, FOUR_BYTES,                                     \
    MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK), 1, UINT32_MAX, false,               \
    "maximumPacketSize")                                                       \
  X(WILDCARD_SUBSCRIPTION_AVAILABLE, 0x28, BOOLEAN, MIDGE_IN(CONNACK), 0, 1,   \
    false, "wildcardSubscriptionAvailable")                                    \
  X(SUBSCRIPTION_IDENTIFIERS_AVAILABLE, 0x29, BOOLEAN, MIDGE_IN(CONNACK), 0,   \
    1, false, "subscriptionIdentifiersAvailable")                              \
  X(SHARED_SUBSCRIPTION_AVAILABLE, 0x2A, BOOLEAN, MIDGE_IN(CONNACK), 0, 1,     \
    false, "sharedSubscriptionAvailable")

typedef enum midge_property_id {
#define MIDGE_PROPERTY_MEMBER(name, id, type, packets, low, high, many, js) \
  MIDGE_##name = id,
  MIDGE_PROPERTY_MAP(MIDGE_PROPERTY_MEMBER)
#undef MIDGE_PROPERTY_MEMBER
} midge_property_id;

typedef struct midge_property {
  midge_property_id id;
  uint32_t number;   /* integers and booleans */
  midge_slice value; /* text and binary; the value of a user property */
  midge_slice name;  /* the name of a user property, else empty */
} midge_property;

/* Properties you send are a list you own ... */
typedef struct midge_properties {
  const midge_property *list;
  size_t count;
} midge_properties;

#define MIDGE_PROPERTIES(...)                \
  ((midge_properties){                       \
      (const midge_property[]){__VA_ARGS__}, \
      sizeof((midge_property[]){__VA_ARGS__}) / sizeof(midge_property)})

/* ... properties you receive are wire bytes (without their length), checked
 * once when they came in and walked only if you care. `_next` moves `rest`
 * and returns false at the end. */
MIDGE_API bool midge_property_next(midge_slice *rest, midge_property *property);
MIDGE_API bool midge_property_find(midge_slice wire, midge_property_id id,
                                   midge_property *property);

/* One row of the property table, or null for an unknown identifier. Static. */
typedef struct midge_property_row {
  midge_property_id id;
  midge_property_type type;
  uint32_t packets; /* a set of MIDGE_IN(...) */
  uint32_t low, high;
  bool many;
  const char *js_name; /* the name in JavaScript */
} midge_property_row;

MIDGE_API const midge_property_row *midge_property_look_up(uint32_t id);

/* The properties of `list` as wire bytes, without their length: the size, and
 * the bytes themselves. `_check` says MIDGE_OK, MIDGE_EINVAL (not allowed in
 * `packet`, out of range, twice) or MIDGE_EUTF8; `packet` is a
 * midge_packet_type or MIDGE_WILL. Encode only what was checked. */
MIDGE_API MIDGE_CHECKED midge_status
midge_properties_check(midge_properties list, unsigned packet);
MIDGE_API size_t midge_properties_size(midge_properties list);
MIDGE_API uint8_t *midge_properties_encode(midge_properties list, uint8_t *to);

/* How an acknowledgement, DISCONNECT or AUTH of MQTT 5 was written: its tail
 * may be left out when the reason is success and there are no properties. */
typedef enum midge_form {
  MIDGE_FORM_SHORTEST, /* encode only: whichever is legal and short */
  MIDGE_FORM_BARE,     /* neither reason nor properties */
  MIDGE_FORM_REASON,   /* a reason, no property length */
  MIDGE_FORM_WHOLE,    /* a reason and a property length */
} midge_form;

/* A will in CONNECT. */
typedef struct midge_packet_will {
  midge_slice topic;
  midge_slice payload;
  midge_slice properties;
  midge_qos qos;
  bool retain;
} midge_packet_will;

/* Every packet as a value. `properties` are wire bytes without their length
 * and empty before MQTT 5. Slices with a null `data` are absent. */
typedef struct midge_packet {
  midge_packet_type type;
  midge_slice properties;
  union {
    struct {
      midge_version version;
      bool clean_start;
      bool has_will;
      uint16_t keep_alive_s;
      midge_slice client_id;
      midge_slice user_name; /* null data: none */
      midge_slice password;  /* null data: none */
      midge_packet_will will;
    } connect;
    struct {
      bool session_present;
      uint8_t reason; /* MQTT 5: a reason code; 3.x: the return code */
    } connack;
    struct {
      midge_slice topic;
      midge_slice payload;
      midge_qos qos;
      bool retain, duplicate;
      uint16_t packet_id; /* 0 for QoS 0 */
    } publish;
    struct { /* PUBACK, PUBREC, PUBREL, PUBCOMP */
      uint16_t packet_id;
      uint8_t reason;
      midge_form form;
      bool duplicate; /* PUBREL of MQTT 3.1 only */
    } ack;
    struct {
      uint16_t packet_id;
      /* The list as on the wire: walk it with midge_filter_next. */
      midge_slice filters;
      bool duplicate; /* MQTT 3.1 only */
    } subscribe, unsubscribe;
    struct {
      uint16_t packet_id;
      midge_slice reasons; /* a byte per filter; none in UNSUBACK of 3.x */
    } suback, unsuback;
    struct { /* DISCONNECT and AUTH */
      uint8_t reason;
      midge_form form;
    } disconnect, auth;
  };
} midge_packet;

/* One filter of a SUBSCRIBE or UNSUBSCRIBE. */
typedef struct midge_packet_filter {
  midge_slice filter;
  uint8_t options; /* of SUBSCRIBE: MQTT 5, section 3.8.3.1 */
} midge_packet_filter;

MIDGE_API bool midge_filter_next(midge_slice *rest, midge_packet_type type,
                                 midge_packet_filter *filter);

/* How strict to be with text: always refuse what is not UTF-8, surrogates,
 * and U+0000 [MQTT-1.5.4-1, -2]; unless LENIENT also control characters and
 * non-characters, which section 1.5.4 lets a receiver refuse. */
typedef enum midge_text_policy {
  MIDGE_TEXT_STRICT,
  MIDGE_TEXT_LENIENT,
} midge_text_policy;

typedef struct midge_decode_options {
  midge_version version;
  midge_text_policy text;
  uint32_t packet_size_max; /* 0: MIDGE_PACKET_SIZE_MAX */
  /* Of a PUBLISH that was decoded with the same `text`, or empty: the same
   * bytes again are not judged again. */
  midge_slice known_topic;
} midge_decode_options;

typedef enum midge_decoded {
  MIDGE_DECODED,   /* `packet` and `size` are set */
  MIDGE_NEED_MORE, /* `size` is the whole packet's size, or 0: not yet known */
  MIDGE_REFUSED,   /* `reason` says why; the stream is useless from here on */
} midge_decoded;

typedef struct midge_decode_result {
  midge_decoded outcome;
  size_t size;
  midge_reason reason;
  const char *text; /* what was wrong, for people; static */
} midge_decode_result;

/* Decode the first packet of `bytes`, checking everything that a packet can
 * break by itself, whoever sent it; the fixed header is judged before the
 * rest has come in. */
MIDGE_API midge_decode_result
midge_packet_decode(const midge_decode_options *options, midge_slice bytes,
                    midge_packet *packet);

/* The size of the packet on the wire, fixed header included; 0 if it cannot be
 * written (over MIDGE_PACKET_SIZE_MAX, or text over 65,535). */
MIDGE_API size_t midge_packet_size(midge_version version,
                                   const midge_packet *packet);

/* Write it; `to` has room for midge_packet_size bytes. Returns the end. */
MIDGE_API uint8_t *midge_packet_encode(midge_version version,
                                       const midge_packet *packet, uint8_t *to);

/* Topics: MQTT 5, section 4.7. `_check` gives MIDGE_OK, MIDGE_EUTF8, or
 * MIDGE_EINVAL (empty, over 65,535 bytes, wildcards out of place). */
MIDGE_API midge_status midge_text_check(midge_slice text,
                                        midge_text_policy policy);
MIDGE_API midge_status midge_topic_check(midge_slice topic,
                                         midge_text_policy policy);
MIDGE_API midge_status midge_filter_check(midge_slice filter,
                                          midge_text_policy policy);
MIDGE_API bool midge_filter_is_shared(midge_slice filter);
MIDGE_API bool midge_filter_has_wildcard(midge_slice filter);
/* A shared filter matches by what follows its share name. */
MIDGE_API bool midge_filter_matches(midge_slice filter, midge_slice topic);

#ifdef __cplusplus
}
#endif

#endif
