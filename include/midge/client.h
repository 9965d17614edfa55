/* midge/client.h - sessions that drive themselves.
 *
 * A reactor is one thread with one event loop. A client is a session that
 * lives there, with a transport under it, and the will to reconnect. You wish
 * for the same things as in midge/session.h and take the same events; the
 * facts are the reactor's business.
 *
 *     your thread                              the reactor's thread
 *     midge_client_publish()  ---- wishes --->  session, TLS, sockets
 *     midge_reactor_event()   <--- events ----
 *
 * Nothing is called back on your thread, and no lock is held while your code
 * runs. Any thread may wish; one thread takes events. If you say that it is the
 * same one (`helps` below), it does the reactor's part for what it answers
 * while the reactor sleeps. When you fall behind by
 * `event_bytes_max` of one client, the reactor stops reading from its socket,
 * and its server feels it; the other clients go on. */
#ifndef MIDGE_CLIENT_H
#define MIDGE_CLIENT_H

#include "midge/session.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct midge_reactor midge_reactor;
typedef struct midge_client midge_client;

/* What is linked in, as text that stays. */
typedef struct midge_versions {
  const char *midge, *libuv, *lmdb, *openssl, *zlib;
} midge_versions;

MIDGE_API midge_versions midge_library_versions(void);

typedef struct midge_reactor_options {
  /* Called on the reactor's thread when there are events and were none. Do
   * little: poke your own loop, and take them from there until there are none:
   * it is not called again before. */
  void (*wake)(void *context);
  void *context;
  /* The thread that takes events is the only one that calls functions of
   * clients, and it helps: one or two publishes, subscribes or unsubscribes of
   * up to 4 KiB between one time that there are no events and the next are
   * done on it at once, up to the write to the socket, if the reactor sleeps
   * and the client has no store. That saves a change of
   * threads. Such a call takes some microseconds longer and may call `wake`; it
   * never waits for the network or for the reactor, and for memory alone as
   * the reactor would. */
  bool helps;
  /* With `helps`: a descriptor of epoll_create1 that the program's own loop
   * polls for reading, and that outlives the reactor; 0: none. Who helps and
   * sleeps until something comes has to be woken by the reactor for each
   * message: instead the sockets of such connections are put in there, and
   * midge_reactor_read does what the reactor would. They go back to it when
   * nobody has read them for 50 to 100 ms, when much comes at a time, and while
   * somebody waits in midge_reactor_wait; the descriptor is then not readable
   * for their sake. */
  int epoll;
  uint32_t goodbye_ms; /* 200: how long _stop waits for what says goodbye */
  const midge_allocator *allocator;
} midge_reactor_options;

/* MIDGE_ENOMEM, MIDGE_EERRNO (no thread or no file descriptors left). */
MIDGE_API MIDGE_CHECKED midge_status midge_reactor_start(
    midge_reactor **reactor, const midge_reactor_options *options);

/* Drops every connection, waits for the thread, frees everything, clients and
 * their events included. What was disconnected or closed before has up to
 * `goodbye_ms` for its DISCONNECT to leave; the others get none. From any
 * thread but the reactor's. */
MIDGE_API void midge_reactor_stop(midge_reactor *reactor);

/* Take the next event of any client, without waiting or for so long. False:
 * there was none. From one thread at a time. The event is on loan until the
 * next call; hold its buffer to keep what it points at. */
MIDGE_API bool midge_reactor_event(midge_reactor *reactor, midge_event *event);
MIDGE_API bool midge_reactor_wait(midge_reactor *reactor, midge_event *event,
                                  uint64_t timeout_ms);

/* As midge_reactor_event, for a program that takes many before it deals with
 * them: when there is none now, it is not woken for those that come before it
 * has asked midge_reactor_event, and found none. */
MIDGE_API bool midge_reactor_more(midge_reactor *reactor, midge_event *event);

/* On the thread that takes events, when `epoll` can be read. True: there are
 * events to take now, for which nobody is woken. */
MIDGE_API bool midge_reactor_read(midge_reactor *reactor);
/* On the same thread, around dealing with events: with `helps`, what is wished
 * in between may wait for its end, and then leaves together, on this thread if
 * some connection is read by it. Large publishes that are `followed` wait for
 * _uncork also without _cork, but no more than 256 KiB of them, and leave on
 * this thread if the reactor sleeps. */
MIDGE_API void midge_reactor_cork(midge_reactor *reactor);
MIDGE_API void midge_reactor_uncork(midge_reactor *reactor);

/* The event on loan counts as not yet taken, until it is given back by value;
 * hold its buffer meanwhile. For a program that takes events before it can
 * deal with them. */
MIDGE_API void midge_reactor_keep(midge_reactor *reactor);
MIDGE_API void midge_reactor_give_back(midge_reactor *reactor,
                                       const midge_event *event);

/* What verifies the server and names us. Every PEM is text in memory (read
 * files yourself or with midge_tls_check's paths). */
typedef struct midge_tls_options {
  midge_slice ca_file; /* path of PEM certificates */
  midge_slice ca_path; /* directory with hashed names */
  midge_slice ca;      /* PEM in memory; none of the three: the system's */
  midge_slice certificate_file, key_file; /* paths, PEM */
  midge_slice certificate, key;           /* PEM in memory */
  midge_slice pkcs12;       /* in memory, instead of certificate and key */
  midge_slice passphrase;   /* of the key or the PKCS#12 */
  midge_slice crl;          /* PEM in memory; given: checked for every issuer */
  midge_slice psk_identity; /* pre-shared key instead of certificates */
  midge_slice psk;          /* raw bytes */
  midge_slice ciphers;      /* OpenSSL cipher list, TLS 1.2 and below; names
                               that begin with TLS_ are TLS 1.3 suites */
  midge_slice server_name;  /* SNI; null data: the host when it is a name */
  midge_slice verify_name;  /* the name in the certificate; default: host */
  const midge_slice *alpn;  /* protocols offered */
  size_t alpn_count;
  int version_min, version_max; /* 10, 11, 12, 13; 0: 12 and the highest */
  uint32_t openssl_options;     /* SSL_OP_..., set beside our own */
  bool insecure_host;           /* verify the chain but not the name */
  bool insecure;                /* verify nothing */
  midge_slice key_log_file; /* path; for debugging: gives the secrets away */
} midge_tls_options;

/* Whether these options can make a connection: MIDGE_OK, MIDGE_EINVAL or
 * MIDGE_ETLS, with a text for people in `text` (static or cut to size). */
MIDGE_API MIDGE_CHECKED midge_status
midge_tls_check(const midge_tls_options *options, char *text, size_t text_size);

/* Whether there are authorities where they are looked for: in the file of
 * SSL_CERT_FILE and the folders of SSL_CERT_DIR if the environment has these,
 * and else where Debian, Alpine, Fedora and SUSE keep them. What the
 * environment names is taken to be there. Any thread. */
MIDGE_API bool midge_tls_has_system_trust(void);

/* Trusts these authorities beside the system's, for the life of the process
 * and by every client that names none of its own. PEM, copied. Any thread; what
 * connects later counts. MIDGE_ETLS: one of them cannot be read, and none is
 * trusted. MIDGE_ENOMEM. */
MIDGE_API MIDGE_CHECKED midge_status midge_tls_trust(midge_slice pem);

typedef struct midge_client_options {
  /* mqtt://, mqtts://, ws://, wss://host:port/path or unix:/path; user and
   * password in it fill in for those of the session. */
  midge_slice url;
  /* Others that are tried in turn when one does not accept us; the one that
   * did is tried first the next time. */
  const midge_slice *servers;
  size_t server_count;
  midge_session_options session; /* `allocator` and `context` of the session:
                                    context comes back in events */
  midge_tls_options tls;
  struct {
    const midge_slice *headers; /* "Name: value", for the upgrade request */
    size_t header_count;
  } websocket;
  midge_slice proxy;         /* socks5://[user:pass@]host:port, http://... */
  midge_slice local_address; /* bind to this IP address before connecting */
  bool nagle;                /* leave Nagle's algorithm on (TCP_NODELAY off) */
  /* Where the session is kept, so that it survives the process; see
   * docs/durability.md. Only with a session that is not clean and outlives its
   * connection; `session.durable` is set by it. */
  struct {
    midge_slice path;   /* of a directory, made if it is not there; none: the
                           session is in memory alone */
    bool disk;          /* STORED means after a power cut too, at the price of a
                           sync for every commit; else after a crash of the
                           process */
    bool force;         /* on a network file system too */
    uint64_t bytes_max; /* of its file; by default enough for the queue */
  } store;
  struct {
    uint32_t min_ms, max_ms; /* 1000, 60000; by chance up to thrice the last */
    uint32_t stable_ms;      /* 10000: a link this old resets the delay */
    bool fixed;              /* always min_ms, no jitter */
    bool off;                /* one attempt only */
    /* How often in a row a Server Reference of reasons 0x9C and 0x9D is
     * followed (MQTT 5, 4.11), with our credentials; 0: it is only told. */
    uint8_t redirects_max;
    bool lasting; /* retry also what cannot heal by itself */
  } reconnect;
  uint32_t connect_timeout_ms; /* 30000: resolve, connect, TLS, upgrade,
                                  CONNACK */
  uint32_t close_timeout_ms;   /* 2000: for what is unfinished at disconnect,
                                  and DISCONNECT */
  bool ask;               /* every attempt waits for midge_client_proceed */
  bool transport_by_hand; /* the program carries the bytes, see below; `tls`,
                             `websocket` and `nagle` are its own business */
  size_t event_bytes_max; /* 16 MiB of events not taken: then its socket is
                             not read */
} midge_client_options;

/* Make a client; it connects when asked to. Everything is copied. MIDGE_EINVAL
 * and MIDGE_EUTF8 as midge_session_new, and for a URL that cannot be;
 * MIDGE_ETLS for TLS options that cannot; `text` gets a sentence for people.
 *
 * With a store also MIDGE_EINVAL (the session is clean, or ends with its
 * connection), MIDGE_ELOCKED, MIDGE_EFOREIGN, MIDGE_EREADONLY, MIDGE_ENETWORK,
 * MIDGE_EFULL and MIDGE_ESTORE. It is read meanwhile: what is wished waits for
 * MIDGE_EVENT_RESTORED. What waited in it counts in the queue's limits and ends
 * in a MIDGE_EVENT_DONE, with the token of its former life. A publish of QoS 1
 * or 2 with a token is told as MIDGE_EVENT_STORED once it is safe, and sent
 * then. More than queue_memory_max of them are not held in memory, but in the
 * store alone until it is their turn: those have no DONE when the client is
 * closed. With `session.inbox` what has not been acknowledged is told again
 * once there is a connection, before anything new. The store is free for others
 * after MIDGE_EVENT_ENDED or midge_reactor_stop, which wait for what is to be
 * written. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_open(
    midge_client **client, midge_reactor *reactor,
    const midge_client_options *options, char *text, size_t text_size);

/* The token of the last of the publishes that the store held when it was
 * opened, without MIDGE_TOKEN_PATIENT, or 0: tokens above it are new. */
MIDGE_API uint64_t midge_client_last_stored(const midge_client *client);

/* Begin attempts, and keep the connection up. MIDGE_EINVAL: already asked for.
 * Each attempt is one MIDGE_EVENT_CONNECTING and one MIDGE_EVENT_CLOSED,
 * with at most one MIDGE_EVENT_OPENED between. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_connect(midge_client *client);

/* Say goodbye as midge_session_disconnect; the last MIDGE_EVENT_CLOSED has
 * retry_ms = MIDGE_NEVER. What is unfinished has `close_timeout_ms`, or no
 * time at all with `force`. Without a connection the attempts end, and the
 * CLOSED event still comes, once. MIDGE_ENOCONN: none was asked for. */
MIDGE_API MIDGE_CHECKED midge_status
midge_client_disconnect(midge_client *client, midge_reason reason,
                        midge_properties properties, bool force);

/* Drop the connection at once, without DISCONNECT; what could not be sent of
 * a session that ends with its connection ends with MIDGE_ECLOSED. */
MIDGE_API void midge_client_abort(midge_client *client);

/* Give the connection up if there is one, with DISCONNECT and without waiting
 * for what is unfinished, which goes on; and begin a new attempt now. */
MIDGE_API MIDGE_CHECKED midge_status
midge_client_reconnect(midge_client *client);

/* Let the attempt of MIDGE_EVENT_CONNECTING go on (option `ask`), with what is
 * given here from now on (null: as before). What cannot be ends the attempt. */
typedef struct midge_attempt {
  midge_slice url;
  midge_slice user_name, password;
  const midge_slice *headers;
  size_t header_count;
  const midge_identity *identity; /* as midge_session_set_identity */
  const midge_tls_options *tls;   /* all of them, not some */
} midge_attempt;
/* `number` is the event's `attempt`: for any other nothing happens. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_proceed(
    midge_client *client, uint32_t number, const midge_attempt *attempt);

/* As midge_session_hold. */
MIDGE_API void midge_client_hold(midge_client *client, bool held);

/* As in midge/session.h; without an open connection nothing happens. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_ping(midge_client *client);
MIDGE_API MIDGE_CHECKED midge_status
midge_client_postpone_ping(midge_client *client);
MIDGE_API MIDGE_CHECKED midge_status midge_client_trace(midge_client *client,
                                                        bool traced);

/* What a client has done since it was opened. Reading is cheap and holds
 * nobody up; numbers may be of two moments that are a turn apart. */
#define MIDGE_STATS_CAUSES 16

typedef struct midge_stats {
  /* Publishes and requests that were taken and have not ended. */
  size_t queue_messages, queue_bytes;
  size_t in_flight;                    /* as midge_session_in_flight */
  uint64_t bytes_received, bytes_sent; /* by sockets, TLS and all */
  uint32_t attempts;                   /* to connect, connections among them */
  uint32_t connections;
  /* What ended attempts and connections, and how often; the first with count 0
   * is behind the last. When there are more, the last place counts them all. */
  struct {
    midge_status status; /* of MIDGE_EVENT_CLOSED, never MIDGE_OK */
    uint32_t count;
  } causes[MIDGE_STATS_CAUSES];
  /* As midge_session_round_trips, over all connections: so many of a hundred
   * took no longer, by an error of a fifth at most above 8 ms. */
  struct {
    uint64_t count;
    uint64_t p50_ms, p90_ms, p99_ms, max_ms;
  } round_trips;
} midge_stats;

/* From any thread. */
MIDGE_API void midge_client_stats(const midge_client *client,
                                  midge_stats *stats);

/* Give the handle up: disconnects if need be, ends every unfinished wish with
 * MIDGE_ECLOSED (what waited for a store that cannot be read with its error),
 * then MIDGE_EVENT_ENDED. The handle must not be used after
 * this call; a transport by hand is therefore dropped at once. */
MIDGE_API void midge_client_close(midge_client *client);

/* How much more may be asked for before MIDGE_EQUEUE; it grows as wishes end.
 * Nothing while no connection is asked for. */
typedef struct midge_room {
  size_t messages, bytes;
} midge_room;
MIDGE_API midge_room midge_client_room(midge_client *client);

/* In a token: nobody waits for this success. The program is not woken for it
 * alone, but has it with the events that come next, or after ten milliseconds;
 * the event's token is the same. */
#define MIDGE_TOKEN_PATIENT (UINT64_C(1) << 63)

/* As in midge/session.h, from any thread; MIDGE_ENOCONN before _connect and
 * after _disconnect. While the store cannot be written a publish of QoS 1 or 2
 * is refused with what MIDGE_EVENT_STORE said. What only the session can judge
 * (what the server allows) arrives as MIDGE_EVENT_DONE. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_publish(
    midge_client *client, const midge_publish *publish, uint64_t token);
/* Here token 0 asks for no event of any of them. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_publish_bundle(
    midge_client *client, const midge_bundle *bundle, uint64_t token);
MIDGE_API MIDGE_CHECKED midge_status midge_client_subscribe(
    midge_client *client, const midge_subscription *subscriptions, size_t count,
    midge_request_options options, uint64_t token);
MIDGE_API MIDGE_CHECKED midge_status midge_client_unsubscribe(
    midge_client *client, const midge_slice *filters, size_t count,
    midge_request_options options, uint64_t token);
MIDGE_API MIDGE_CHECKED midge_status midge_client_cancel(midge_client *client,
                                                         uint64_t token);
/* As midge_session_acknowledge, but it cannot say whether there is such a
 * message: an answer to what another connection has brought may come too late.
 * `attempt` is that of the OPENED before the message, and `qos` the message's:
 * an answer to QoS 1 on another connection, and to QoS 2 when the server has
 * lost the session since, is dropped. 0: never. One to QoS 2 counts after
 * _disconnect, too, for the next connection; MIDGE_ENOCONN, of these three, is
 * before the first _connect alone. */
MIDGE_API MIDGE_CHECKED midge_status
midge_client_acknowledge(midge_client *client, uint16_t packet_id,
                         midge_reason reason, midge_qos qos, uint32_t attempt);
/* The same for messages of one connection, in one go. */
MIDGE_API MIDGE_CHECKED midge_status
midge_client_acknowledge_list(midge_client *client, const midge_answer *answers,
                              size_t count, uint32_t attempt);
/* As midge_session_acknowledge_delivery, but it cannot say whether there is
 * such a delivery. */
MIDGE_API MIDGE_CHECKED midge_status
midge_client_acknowledge_delivery(midge_client *client, uint64_t delivery);
MIDGE_API MIDGE_CHECKED midge_status midge_client_authenticate(
    midge_client *client, midge_reason reason, midge_properties properties);
MIDGE_API MIDGE_CHECKED midge_status
midge_client_set_will(midge_client *client, const midge_publish *will);

/* --- A transport of your own -----------------------------------------------
 * With the option `transport_by_hand` the bytes go through the program: a
 * serial line, a TLS of your own, a stream in JavaScript. Each attempt wants
 * one transport, and asks for it as MIDGE_EVENT_TRANSPORT:
 *
 *     WANT_DIAL  -->  midge_client_dialed(attempt)
 *     WANT_WRITE -->  midge_client_written(attempt, size), once they have left
 *     WANT_SHUT  -->  end your side; midge_client_ended when the other one has
 *     WANT_READ  -->  go on reading
 *
 * and whatever comes is midge_client_received. MIDGE_EVENT_CLOSED of that
 * attempt is the end of it: drop the transport then. What is told of another
 * attempt than the one under way, or cannot be (bytes before _dialed, more
 * written than was asked for), is ignored, so nothing can come too late.
 *
 * Time limits, keep-alive and reconnecting are as ever; they need you to carry
 * what comes in time. At most 256 KiB wait to be told as written. What was not
 * is kept for the next connection, as with a socket. Any thread may tell, one
 * at a time for each client. MIDGE_ENOMEM; MIDGE_EQUEUE: see _reading. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_dialed(midge_client *client,
                                                         uint32_t attempt);
/* Copied. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_received(midge_client *client,
                                                           uint32_t attempt,
                                                           midge_slice bytes);
MIDGE_API MIDGE_CHECKED midge_status midge_client_written(midge_client *client,
                                                          uint32_t attempt,
                                                          size_t size);
/* The other side ended the stream in order. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_ended(midge_client *client,
                                                        uint32_t attempt);
/* The transport is broken or could not be made; `code` ("ECONNREFUSED", null
 * data: "MIDGE_ELOST") and `text` come back in MIDGE_EVENT_CLOSED. Of a
 * client with a socket: drop it, as if the network had; the next attempt
 * follows in its time. */
MIDGE_API MIDGE_CHECKED midge_status midge_client_broken(midge_client *client,
                                                         uint32_t attempt,
                                                         midge_slice code,
                                                         midge_slice text);
/* Whether to go on reading: ask after each _received. Once it has said no,
 * MIDGE_WANT_READ tells when to. What comes all the same is taken. */
MIDGE_API bool midge_client_reading(midge_client *client);

#ifdef __cplusplus
}
#endif

#endif
