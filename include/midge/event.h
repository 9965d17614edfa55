/* midge/event.h - what a session or a client tells.
 *
 * One struct for all of them: the members that every event has come first, and
 * its type says which one of the union is filled in. What is asked for, and
 * answered by these, is in midge/session.h and midge/client.h. */
#ifndef MIDGE_EVENT_H
#define MIDGE_EVENT_H

#include "midge/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum midge_event_type {
  MIDGE_EVENT_CONNECTING,   /* midge_client only: an attempt begins */
  MIDGE_EVENT_OPENED,       /* the server accepted us */
  MIDGE_EVENT_MESSAGE,      /* someone published */
  MIDGE_EVENT_DONE,         /* a wish has ended, well or not */
  MIDGE_EVENT_AUTHENTICATE, /* the server wants an answer, or is content */
  MIDGE_EVENT_CLOSED,       /* flush the output, then drop the transport */
  MIDGE_EVENT_ENDED,        /* midge_client only: its last event */
  MIDGE_EVENT_STORED,       /* a publish will survive a crash */
  MIDGE_EVENT_RESTORED,     /* midge_client only: the store has been read */
  MIDGE_EVENT_STORE,        /* midge_client only: it fails, or works again */
  MIDGE_EVENT_TRANSPORT,    /* midge_client only: of one that you carry */
  MIDGE_EVENT_PACKET,       /* of our own business, if the session is traced:
                               PINGREQ, PINGRESP, SUBSCRIBE that renews, and its
                               SUBACK */
} midge_event_type;

/* What the server allows on this connection, defaults filled in. */
typedef struct midge_limits {
  midge_qos qos_max;
  uint16_t receive_max;
  uint16_t alias_max;
  uint16_t keep_alive_s;
  uint32_t packet_size_max;
  uint32_t session_expiry_s;
  bool retain, wildcards, shared, identifiers;
} midge_limits;

/* What a store had. */
typedef struct midge_restored {
  size_t messages; /* that wait for their outcome: each has its DONE */
  size_t damaged;  /* records that were set aside: they are not sent */
  bool stale;      /* it is an old copy of itself, or one of another place, or
                      what was in flight is damaged: a new session begins */
} midge_restored;

/* An event is on loan until the next one is asked for. To keep what it points
 * at, hold its buffer. */
typedef struct midge_event {
  midge_event_type type;
  void *context;              /* from the options */
  midge_buffer *buffer;       /* where the slices point, or null */
  midge_slice properties;     /* received ones, as wire bytes */
  struct midge_gauge *origin; /* midge_client only: the reactor's own */
  /* midge_client only, of CONNECTING, OPENED, AUTHENTICATE, CLOSED and
   * TRANSPORT: the attempt it is of (each has a number of its own, from 1),
   * and the midge_client_connect that this attempt serves, counted from 1 (not
   * of TRANSPORT). */
  uint32_t attempt, connect;
  union {
    struct {
      uint32_t retry;  /* 1 for the first since connect or a stable link */
      uint32_t server; /* whose turn it is: 0 for `url`, and then `servers` */
    } connecting;
    struct {
      bool session_present; /* false after a clean start, whatever is said */
      bool resumed; /* the session goes on; MQTT 3.1: as far as is known */
      midge_version version;
      midge_slice client_id; /* the one in use, assigned or ours */
      midge_limits limits;
      uint32_t renewed; /* messages of a lost session that are sent as new */
      uint32_t dropped; /* or, by drop_in_flight, ended with MIDGE_ESESSION */
    } opened;
    struct {
      midge_slice topic; /* an alias is resolved */
      midge_slice payload;
      midge_qos qos;
      bool retain, duplicate;
      /* 0 for QoS 0; and with acknowledge_by_hand for what was held, or waited
       * for PUBREL, while its session was lost: nothing is to be answered */
      uint16_t packet_id;
      uint16_t alias; /* as on the wire, 0 for none */
      bool by_alias;  /* the topic was not on the wire */
      bool proposed;  /* option accept_by_hand: is it accepted? */
      /* With `inbox`, else 0: for _acknowledge_delivery. With `epoch`, the time
       * at which the inbox was made, it names this message among all that any
       * inbox has had, also after a restart. */
      uint64_t delivery, epoch;
    } message;
    struct {
      uint64_t token;
      midge_status status; /* MIDGE_OK if the server answered well; minus the
                              reason code if it refused a publish */
      midge_slice reasons; /* its answer: one byte per filter or message */
      midge_slice text;    /* for people, of MIDGE_EBREAKS; else empty */
      uint32_t count;      /* so many tokens in a row end alike; 1 but for
                              midge_session_publish_bundle */
      uint16_t packet_id;  /* 0 if it never had one */
    } done;
    struct {
      midge_reason reason; /* CONTINUE, or SUCCESS after re-authentication */
    } authenticate;
    struct {
      uint64_t token; /* its DONE is yet to come */
      size_t left;    /* so many bytes of it have left memory, with its token:
                         _load gives it another. 0: none, as always in
                         events of a midge_client */
    } stored;
    midge_restored restored;
    struct {
      midge_status status; /* MIDGE_OK: what it could not take is in it now */
      midge_slice text;    /* for people */
    } store;
    struct {
      midge_side by;
      midge_status status;  /* MIDGE_OK after our own _disconnect */
      uint8_t reason;       /* what was sent or received; of a refused CONNECT
                               before MQTT 5 the raw return code */
      bool has_reason;      /* `reason` was sent or received; else it is 0 */
      bool lasting;         /* the same attempt again cannot succeed */
      uint16_t http_status; /* midge_client only: of an upgrade or a proxy
                               that was refused; else 0 */
      midge_slice text;     /* for people */
      midge_slice code;     /* midge_client only: "ECONNREFUSED",
                               "CERT_HAS_EXPIRED", "MIDGE_ELOST", ... */
      uint64_t retry_ms;    /* midge_client only: MIDGE_NEVER if it gave up */
    } closed;
    struct {
      midge_packet_type type;
      bool sent; /* else it was received */
      uint16_t packet_id;
      midge_slice bytes; /* of SUBSCRIBE: the filters, as on the wire; of SUBACK
                            one reason code for each */
    } packet;
    struct {
      midge_want want;
      midge_slice bytes; /* of WRITE; of DIAL: the host, as the URL has it */
      uint16_t port;     /* of DIAL; 0: the host is the path of a socket */
    } transport;
  };
} midge_event;

#ifdef __cplusplus
}
#endif

#endif
