/* midge/session.h - an MQTT session, without the network.
 *
 * A session is the protocol and nothing else. It opens no socket, reads no
 * clock, rolls no dice, starts no thread and calls nobody back. It is told
 * what happened and what you want; it answers with what to do. The same story
 * told twice gives the same answers twice.
 *
 *   what happened        what you want          what to do
 *   -------------        -------------          ----------
 *   _elapsed             _publish               _event     tell the program
 *   _connected           _subscribe             _record    write these down
 *   _received            _unsubscribe           _output    send these bytes
 *   _sent                _acknowledge           _deadline  come back by then
 *   _loaded              _authenticate          _wants     read these again
 *   _committed                                  _backlog   read no more than
 *   _disconnected        _disconnect                       you can write
 *
 * A turn is: move the clock, tell the facts and the wishes, then empty the
 * third column from top to bottom. examples/c/turn.c is one page.
 *
 * A session outlives its connections. Each _connected is answered by exactly
 * one MIDGE_EVENT_CLOSED; between the two there is at most one
 * MIDGE_EVENT_OPENED. A session may be used from one thread at a time. */
#ifndef MIDGE_SESSION_H
#define MIDGE_SESSION_H

#include "midge/event.h"
#include "midge/packet.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct midge_session midge_session;

typedef struct midge_publish {
  midge_slice topic;
  midge_slice payload;
  midge_qos qos;
  bool retain;
  midge_properties properties; /* MQTT 5; of a will: the will's properties */
  uint32_t ttl_ms;             /* as of midge_request_options; not of a will */
  uint32_t timeout_ms;         /* the same */
  bool coalesce;  /* of those that say so, while there is no connection, only
                     the newest of a topic waits; the others end with
                     MIDGE_EREPLACED. Not of a will */
  bool followed;  /* with `helps` of midge_reactor_options: the program
                     publishes more, or will call midge_reactor_uncork, and of
                     more than 4 KiB this waits for that. Not of a will */
  uint64_t label; /* of a durable session: what its record remembers it by */
} midge_publish;

typedef struct midge_subscription {
  midge_slice filter;
  midge_qos qos; /* the most we want */
  bool no_local;
  bool retain_as_published;
  uint8_t retain_handling; /* 0, 1 or 2, as in MQTT 5, section 3.8.3.1 */
} midge_subscription;

/* How a SUBSCRIBE or UNSUBSCRIBE is made. */
typedef struct midge_request_options {
  midge_properties properties; /* MQTT 5 */
  /* Not sent by then, it ends with MIDGE_EEXPIRED; 0: no limit. Of a publish
   * in MQTT 5 it is the message expiry too, unless one is given. */
  uint32_t ttl_ms;
  /* Not answered by then, it ends with MIDGE_ETIMEOUT: what was not sent never
   * is, and what was sent ends its flow by itself; 0: no limit. */
  uint32_t timeout_ms;
} midge_request_options;

/* Zero means the default, so say only what matters to you:
 *
 *   midge_session_new(&session, &(midge_session_options){
 *     .client_id = MIDGE_TEXT("kitchen"), .keep_alive_s = 30 });
 *
 * Everything is copied; nothing here need outlive the call. */
typedef struct midge_session_options {
  midge_version version;     /* MQTT 5 */
  bool negotiate;            /* if MQTT 5 is refused, go on with 3.1.1 */
  midge_slice client_id;     /* empty: the server names us */
  midge_slice user_name;     /* null data: none */
  midge_slice password;      /* null data: none */
  const midge_publish *will; /* none */
  /* Of CONNECT: those that have no option of their own below (user
   * properties, request response or problem information, authentication
   * method and data). */
  midge_properties properties;
  bool clean_start;          /* false: resume if we can */
  uint32_t session_expiry_s; /* 0: with the connection; MQTT 5 only */
  /* What [MQTT-3.2.2-4] forbids and every restarted program wants: take up a
   * session that the server has and this process does not know. */
  bool adopt_session;
  bool durable;       /* hold output for the journal */
  bool durable_qos_0; /* QoS 0 that has to wait is recorded too, until just
                         before it is sent. Needs `durable` */
  bool acknowledge_by_hand; /* else once _event hands it out */
  /* What comes with QoS 1 and 2 is recorded first, the server is answered and
   * the program told when that is committed, and it is told again, in the next
   * life too, until _acknowledge_delivery. Needs `durable` and
   * `acknowledge_by_hand`; `at_release` then has no effect. */
  bool inbox;
  size_t inbox_bytes_max; /* 64 MiB that are not acknowledged; past it nothing
                             more is answered */
  /* Hand messages of QoS 2 out at PUBREL and not at PUBLISH (MQTT 5, figure
   * 4.3, method A): they are answered with PUBREC as they come, and kept. Then
   * handing out, or _acknowledge, is followed by PUBCOMP. They outlive
   * connections as the session does; when the server has lost it, or we have
   * ended it, they are handed out after all. */
  bool at_release;
  /* The same, but the program is asked before: at PUBLISH the message comes as
   * a proposal. _acknowledge answers it with PUBREC; accepted (reason 0) it
   * comes again at PUBREL, and any other reason is the end of it. Sets
   * at_release and acknowledge_by_hand. */
  bool accept_by_hand;
  size_t parked_bytes_max; /* 64 MiB: of those that are kept; past it the
                              oldest are handed out before PUBREL */
  uint16_t keep_alive_s;   /* 60 */
  bool keep_alive_off;
  uint16_t receive_max; /* 65535; binds the server in MQTT 5 only */
  /* A server that sends more than `receive_max` at once breaks the protocol
   * [MQTT-3.3.4-9], and loses the connection. Some do (mosquitto 2.0.11), and
   * the next connection ends in the same way. True: what comes is taken, up to
   * 65535 that are not answered, as before MQTT 5. */
  bool receive_max_lenient;
  uint16_t alias_max;        /* 0: the server may not use topic aliases */
  bool alias_auto;           /* use aliases of our own when the server may */
  bool lower_qos;            /* lower a QoS that the server does not offer,
                                instead of refusing it */
  bool forget_subscriptions; /* do not subscribe again by ourselves when the
                                server has lost the session */
  bool drop_in_flight; /* when a session ends, lost by the server or otherwise,
                          messages that the server may have and did not answer
                          end with MIDGE_ESESSION; else they are sent as new */
  midge_text_policy text; /* of what we send; strict */
  /* What is received may have control characters and non-characters, or one
   * publisher could take every subscriber down; true: they break the
   * connection. Ill-formed UTF-8 and NUL always do. */
  bool strict_text;
  bool hold; /* a connection opens with its messages held: _hold */
  uint16_t subscribe_batch_max; /* 8: filters of a SUBSCRIBE that renews */
  /* No subscribe or unsubscribe of the program has more in a packet either: it
   * goes in several, and is done when all are answered. */
  bool split_requests;
  /* 5: connections in a row that the server ends over the same request, before
   * that request ends with MIDGE_EBREAKS. */
  uint16_t breaks_max;
  bool breaks_off;           /* never give such a request up */
  uint32_t packet_size_max;  /* of what we receive; MIDGE_PACKET_SIZE_MAX */
  uint16_t in_flight_max;    /* 1024, but 19 of QoS 2 before MQTT 5; the
                                server's Receive Maximum binds too */
  uint32_t reply_timeout_ms; /* 30000: CONNACK, SUBACK, UNSUBACK, PINGRESP */
  size_t queue_messages_max; /* 1000000, requests too; then MIDGE_EQUEUE */
  size_t queue_bytes_max;    /* 256 MiB; then MIDGE_EQUEUE */
  /* 64 MiB, of a durable session: messages of QoS 1 and 2 beyond that are in
   * the journal alone until it is their turn: _wants. Those with a time limit,
   * or that coalesce, stay in memory, and so does what is behind them. */
  size_t queue_memory_max;
  const midge_allocator *allocator; /* malloc */
  void *context;                    /* comes back in every event */
} midge_session_options;

/* MIDGE_EINVAL, MIDGE_EUTF8: an option that cannot be; MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_new(
    midge_session **session, const midge_session_options *options);
/* Wishes that have not ended end without an event. Null is fine. */
MIDGE_API void midge_session_free(midge_session *session);

/* --- What happened ---------------------------------------------------------
 * Facts cannot fail. If one is bad news, an event says so. */

/* Time has reached `now`. This is the only clock a session has: call it first
 * in every turn, and at the latest when the deadline is reached. */
MIDGE_API void midge_session_elapsed(midge_session *session, midge_time now);

/* A transport is up and belongs to this session: CONNECT follows. */
MIDGE_API void midge_session_connected(midge_session *session);

/* The server sent these bytes, cut anywhere. They are yours again on return. */
MIDGE_API void midge_session_received(midge_session *session,
                                      midge_slice bytes);

/* The transport took the first `size` bytes of the output. */
MIDGE_API void midge_session_sent(midge_session *session, size_t size);

/* Nobody reads from the transport any more, or again: while the driver holds
 * the server back, its silence is not its fault. */
MIDGE_API void midge_session_paused(midge_session *session, bool paused);

/* Records up to and including `position` will survive a crash. Each publish of
 * QoS 1 or 2, or of QoS 0 that waits, that has a token and is among them is
 * told as MIDGE_EVENT_STORED.
 */
MIDGE_API void midge_session_committed(midge_session *session,
                                       uint64_t position);

/* The transport is gone, whoever closed it, and no longer reads our output.
 * What was not sent goes with it; messages that were not sent whole, and
 * unfinished QoS 1 and 2, wait for the next connection. `by_server`: the
 * stream was ended or reset by the other side, not by silence or by us; the
 * same request the oldest unanswered one `breaks_max` times is given up. So it
 * is when the server sends DISCONNECT or breaks the protocol instead, but not
 * for a reason that no request can be (busy, taken over, moved, ...). */
MIDGE_API void midge_session_disconnected(midge_session *session,
                                          bool by_server);

/* --- What you want ---------------------------------------------------------
 * A wish is refused at once and leaves no trace, or is taken and ends in one
 * MIDGE_EVENT_DONE that carries its token. Token 0 asks for no event. Wishes
 * may be made at any time; they wait for a connection if there is none. What
 * they point at is copied. */

/* MIDGE_EINVAL, MIDGE_EUTF8, MIDGE_EPAYLOAD, MIDGE_EQUEUE, MIDGE_ENOMEM; with
 * a connection also MIDGE_ENOTSUP (QoS, retain: the server said so in CONNACK)
 * and MIDGE_EOVERSIZE. Done when a QoS 0 message was sent whole, at PUBACK, or
 * at PUBCOMP. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_publish(
    midge_session *session, const midge_publish *publish, uint64_t token);

/* Many publishes of QoS 0 without properties in one call, in this order. The
 * first has `token`, which is not 0, and each other one the next: a DONE may be
 * of many, and says how many in `count`.
 * `records` has `count` of, one behind the other, numbers with their low byte
 * first:
 *
 *   1 byte   1: retain; 2: the topic is that of the record before
 *   2 bytes  the size of the payload
 *   2 bytes  the size of the topic, and the topic; not with 2
 *            the payload
 *
 * MIDGE_EINVAL: that is not what they are, or they are more than
 * MIDGE_BUNDLE_SIZE_MAX bytes; else as midge_session_publish. What the server
 * does not take ends one by one. */
typedef struct midge_bundle {
  midge_slice records;
  uint32_t count;
  uint64_t label; /* of the first, as of a publish; each other has the next */
} midge_bundle;
enum {
  MIDGE_BUNDLE_RETAIN = 1,
  MIDGE_BUNDLE_SAME_TOPIC = 2,
  MIDGE_BUNDLE_SIZE_MAX = 65536,
};
MIDGE_API MIDGE_CHECKED midge_status midge_session_publish_bundle(
    midge_session *session, const midge_bundle *bundle, uint64_t token);
/* What can be said of a bundle without a session. */
MIDGE_API MIDGE_CHECKED midge_status
midge_bundle_check(const midge_bundle *bundle, midge_text_policy text);
/* MIDGE_EINVAL, MIDGE_EUTF8, MIDGE_EQUEUE, MIDGE_ENOMEM. The event's `reasons`
 * has one byte per filter. Subscriptions granted are asked for again on a
 * connection whose session the server has lost; the first subscribe that asks
 * for the same meanwhile, or within five seconds, joins them: it has their
 * outcome and sends nothing. An answer that came in several packets, or to such
 * a packet of ours, has no properties and no identifier. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_subscribe(
    midge_session *session, const midge_subscription *subscriptions,
    size_t count, midge_request_options options, uint64_t token);
MIDGE_API MIDGE_CHECKED midge_status midge_session_unsubscribe(
    midge_session *session, const midge_slice *filters, size_t count,
    midge_request_options options, uint64_t token);

/* What these, and set_will and disconnect below, would say of their arguments
 * alone, whatever the state of the session; `version` is that of the options.
 * From any thread. A session that ends with its connection cannot be given a
 * longer life by DISCONNECT (MQTT 5, section 3.14.2.2.2). */
MIDGE_API MIDGE_CHECKED midge_status
midge_publish_check(const midge_publish *publish, midge_version version,
                    midge_text_policy text);
MIDGE_API MIDGE_CHECKED midge_status midge_subscribe_check(
    const midge_subscription *subscriptions, size_t count,
    midge_properties properties, midge_version version, midge_text_policy text);
MIDGE_API MIDGE_CHECKED midge_status midge_unsubscribe_check(
    const midge_slice *filters, size_t count, midge_properties properties,
    midge_version version, midge_text_policy text);
MIDGE_API MIDGE_CHECKED midge_status midge_will_check(const midge_publish *will,
                                                      midge_version version,
                                                      midge_text_policy text);
MIDGE_API MIDGE_CHECKED midge_status midge_disconnect_check(
    midge_reason reason, midge_properties properties, midge_version version,
    bool session_ends_with_connection);

/* End the wish with this token: it is done with MIDGE_ECANCELLED. What was not
 * sent never is; what was sent ends its flow by itself. MIDGE_EINVAL if there
 * is none; MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status
midge_session_cancel(midge_session *session, uint64_t token);

/* Answer a message that was handed out with `packet_id` (only with
 * acknowledge_by_hand). PUBACK and PUBREC leave in the order of the messages,
 * whatever the order of the calls; PUBCOMP (with at_release) leaves at once.
 * MIDGE_EINVAL: no such message, or a reason that PUBACK and PUBREC, or
 * PUBCOMP, which takes SUCCESS alone, cannot carry.
 *
 * MIDGE_REASON_WITHHELD is for a program that has failed with a message of QoS
 * 1, or a proposal: nothing is said of it on this connection, and the answers
 * to those behind it do not wait for it. It stays in flight for the server,
 * which sends it again when the session goes on with another connection. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_acknowledge(
    midge_session *session, uint16_t packet_id, midge_reason reason);

/* The program is done with a message of the inbox, whatever connection brought
 * it: it is not told again. MIDGE_EINVAL: no such delivery is open. */
MIDGE_API MIDGE_CHECKED midge_status
midge_session_acknowledge_delivery(midge_session *session, uint64_t delivery);

/* The same as _acknowledge for many, which cost less together; one that cannot
 * be answered is passed over. */
typedef struct midge_answer {
  uint16_t packet_id;
  uint8_t qos;    /* the message's */
  uint8_t reason; /* a midge_reason */
} midge_answer;
MIDGE_API void midge_session_acknowledge_list(midge_session *session,
                                              const midge_answer *answers,
                                              size_t count);

/* Send AUTH: the answer to MIDGE_EVENT_AUTHENTICATE (CONTINUE), or a new
 * start on an open connection (REAUTHENTICATE). The method is filled in. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_authenticate(
    midge_session *session, midge_reason reason, midge_properties properties);

/* Hold the messages that come in: they are neither handed out nor answered
 * until they are let go, in their order; other events go on. With the option
 * `hold` every connection begins like this. None is lost or told twice when a
 * connection ends meanwhile: of QoS 1 and 2, what the server will send again is
 * dropped when the next CONNACK says so, and else handed out after all. */
MIDGE_API void midge_session_hold(midge_session *session, bool held);

/* Send PINGREQ, whatever was heard and sent; as with those that the session
 * sends by itself, a server that does not answer in time is gone, also without
 * a keep-alive. MIDGE_ENOCONN: no connection is open; MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_ping(midge_session *session);

/* The keep-alive counts from now on, as if something had been sent and heard;
 * an answer to PINGREQ is not waited for. Who says so again and again neither
 * pings nor notices a dead link, and the server may give us up
 * [MQTT-3.1.2-22]. */
MIDGE_API void midge_session_postpone_ping(midge_session *session);

/* From now on, until it is said otherwise, tell of packets that the session
 * sends and receives on its own account, as MIDGE_EVENT_PACKET. */
MIDGE_API void midge_session_trace(midge_session *session, bool traced);

/* Send DISCONNECT when QoS 0 that waits is sent, and what was published and
 * subscribed is answered, but `patience_ms` from now at the latest (0: only
 * QoS 0 is sent before); MIDGE_EVENT_CLOSED follows. If the session ends with
 * this connection, its wishes that are unfinished then end with MIDGE_ECLOSED;
 * else they wait. New wishes are refused with MIDGE_ENOCONN meanwhile; asked
 * again meanwhile, only the patience gets shorter. Without a connection:
 * MIDGE_ENOCONN, and the wishes of a session that ends with its connection end
 * all the same. */
MIDGE_API MIDGE_CHECKED midge_status
midge_session_disconnect(midge_session *session, midge_reason reason,
                         midge_properties properties, uint32_t patience_ms);

/* End every unfinished wish with MIDGE_ECLOSED and empty the queue; records of
 * a durable session stay. For a driver that is about to free the session. */
MIDGE_API void midge_session_abandon(midge_session *session);

/* These hold from the next connection on. A null will removes it; null data
 * removes a name or password. */
MIDGE_API MIDGE_CHECKED midge_status
midge_session_set_will(midge_session *session, const midge_publish *will);
MIDGE_API MIDGE_CHECKED midge_status midge_session_set_credentials(
    midge_session *session, midge_slice user_name, midge_slice password);

/* Who we are to the server; zero means what it means in the options. */
typedef struct midge_identity {
  midge_slice client_id; /* null data: as before; empty: the server names us */
  bool clean_start;
  uint16_t keep_alive_s; /* 60 */
  bool keep_alive_off;
} midge_identity;

/* The same for these. Another client identifier is another session (MQTT 5,
 * section 3.1.3.1): of the one before nothing is left when the next connection
 * begins, and what was in flight is sent as new. MIDGE_EINVAL: there is a
 * connection, or it cannot be an identifier; MIDGE_EUTF8; MIDGE_ENOTSUP: of a
 * durable session only the keep-alive can change; MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_set_identity(
    midge_session *session, const midge_identity *identity);

/* --- What to do ------------------------------------------------------------
 * Empty these at the end of every turn, in the order of the table above: what
 * the program answers to an event is then recorded and sent in the same turn.
 * If emptying one fills another, the deadline is a time already reached. */

MIDGE_API bool midge_session_event(midge_session *session, midge_event *event);

#define MIDGE_RECORD_HEAD_MAX 40

/* A durable session keeps a journal, and you keep it for the session: put
 * `head` and `body` under `key`, or delete `key` if `head` is empty. Write as
 * many as you like in one transaction, then say _committed. Bytes that depend
 * on a record are not in the output before that; this is the only rule of
 * durability, and the session enforces it. What tells a damaged record from a
 * whole one is yours to keep beside it. */
typedef struct midge_record {
  uint64_t position;    /* 1, 2, 3, ... in the order of this session's life */
  uint64_t key;         /* ascending keys are the order of sending */
  midge_slice head;     /* until the next call; at most MIDGE_RECORD_HEAD_MAX */
  midge_slice body;     /* the same, or as long as you hold its buffer */
  midge_buffer *buffer; /* where the body lies; null: it is empty */
} midge_record;

MIDGE_API bool midge_session_record(midge_session *session,
                                    midge_record *record);

/* The message that a record holds: its topic, payload, QoS, retain and label,
 * which point into the record. False if the record holds something else, or
 * nothing that a session wrote. */
MIDGE_API bool midge_record_message(const midge_record *record,
                                    midge_publish *publish);

/* Before the first _connected and the first wish: give back what the journal
 * holds, by key; the position means nothing. A message ends in a DONE with this
 * token, as if it had been published just now. MIDGE_EINVAL: no session wrote
 * this record, and it is not taken; MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_restore(
    midge_session *session, const midge_record *record, uint64_t token);

/* That was all of them; the clock was told before. `stale`: they are an old
 * copy, or one of another place, and what has become of the session since
 * nobody knows: the next connection begins a new one, and what was in flight is
 * sent as new. A session that has expired meanwhile ends so too, from when its
 * connection was lost, or from now if that is not written down
 * [MQTT-3.1.2-23]. */
MIDGE_API void midge_session_restored(midge_session *session, bool stale);

/* Messages that are in the journal alone, and between which keys they lie. */
typedef struct midge_absence {
  uint64_t first, last;
  size_t count, bytes; /* of their bodies */
} midge_absence;

/* Of the messages that the journal holds, the newest need not be restored: say
 * what they are instead, after those before them. No message in flight is among
 * them, which a record behind all messages says. */
MIDGE_API void midge_session_restore_absent(midge_session *session,
                                            const midge_absence *absence);

/* Whether messages from `first` to `last` are to come back: then read some, all
 * that was recorded so far being written, give them to _load, the oldest first,
 * and say _loaded. Ask in every turn; it is said once. */
MIDGE_API bool midge_session_wants(midge_session *session, uint64_t *first,
                                   uint64_t *last);
/* One of these, as _restore. MIDGE_ECLOSED: the session was abandoned. */
MIDGE_API MIDGE_CHECKED midge_status midge_session_load(
    midge_session *session, const midge_record *record, uint64_t token);
/* There are no others up to this key, which is `last` if there were none at
 * all. Returns how many should have been there, once it is sure. */
MIDGE_API midge_absence midge_session_loaded(midge_session *session,
                                             uint64_t key);

/* The bytes to send next, in at most `count` slices; returns how many were
 * filled. Looking does not consume: _sent does. The slices stay put until
 * then, or until _disconnected, whatever else is called in between. */
MIDGE_API size_t midge_session_output(const midge_session *session,
                                      midge_slice *slices, size_t count);

/* Bytes of output that wait to be sent. A driver that reads on while this
 * grows lets the server fill our memory: stop reading above a limit. */
MIDGE_API size_t midge_session_backlog(const midge_session *session);

/* When the next turn must come, or MIDGE_NEVER. A time already reached means at
 * once: there is another event or record to take. */
MIDGE_API midge_time midge_session_deadline(const midge_session *session);

/* Bytes of messages that are held. */
MIDGE_API size_t midge_session_held(const midge_session *session);

/* Publishes taken whose flow has not ended; their outcome may have been told.
 */
MIDGE_API size_t midge_session_unfinished(const midge_session *session);

/* Publishes of QoS 1 and 2 that have a packet identifier. */
MIDGE_API size_t midge_session_in_flight(const midge_session *session);

/* How long the server takes to answer. One packet at a time is measured: from
 * PUBLISH (QoS 1 and 2) or PINGREQ in the output to the first answer. What is
 * cut off by the end of a connection does not count. */
typedef struct midge_round_trips {
  uint64_t count; /* so many were measured */
  uint64_t last_ms;
} midge_round_trips;

MIDGE_API midge_round_trips
midge_session_round_trips(const midge_session *session);

#ifdef __cplusplus
}
#endif

#endif
