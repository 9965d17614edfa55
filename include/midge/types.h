/* midge/types.h - the words the other headers share.
 *
 * Two byte types, no third: a slice is borrowed, a buffer is counted.
 *
 *     midge_slice   { data, size }     somebody else's bytes, for as long as
 *                                      the function at hand says
 *     midge_buffer  o---> [bytes]      yours while you hold it, on any thread
 */
#ifndef MIDGE_TYPES_H
#define MIDGE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) || defined(__clang__)
#define MIDGE_CHECKED __attribute__((warn_unused_result))
#define MIDGE_API __attribute__((visibility("default")))
#else
#define MIDGE_CHECKED
#define MIDGE_API
#endif

/* Bytes that belong to someone else. Every function says for how long. A null
 * `data` means "none" where that differs from "empty". */
typedef struct midge_slice {
  const uint8_t *data;
  size_t size;
} midge_slice;

#ifdef __cplusplus
#define MIDGE_TEXT(literal) \
  (midge_slice{(const uint8_t *)("" literal), sizeof(literal) - 1})
#else
#define MIDGE_TEXT(literal) \
  ((midge_slice){(const uint8_t *)("" literal), sizeof(literal) - 1})
#endif

/* Bytes that are counted. They never change, and the count is atomic, so a
 * buffer may cross threads. Slices in an event point into one. */
typedef struct midge_buffer midge_buffer;

/* Null is fine for both; hold returns its argument. */
MIDGE_API midge_buffer *midge_buffer_hold(midge_buffer *buffer);
MIDGE_API void midge_buffer_release(midge_buffer *buffer);

/* Milliseconds on a clock that never runs backwards. Its zero is yours; a
 * durable session wants one that survives a restart (the Unix epoch). */
typedef uint64_t midge_time;
#define MIDGE_NEVER UINT64_MAX

/* Errors take three roads and never change lanes:
 *
 *   yours            come back as a midge_status, and nothing has changed;
 *   the other side's arrive as events, and the session copes;
 *   ours             are assertions, and the process stops.
 *
 * One table makes the enum, the names, the texts, the constants of the
 * JavaScript package and the page in the manual. The numbers are minus
 * libmosquitto's for the same fault; our own begin at -64, and minus 128 and
 * below is minus the reason code of MQTT 5, section 2.4. */
#define MIDGE_STATUS_MAP(X)                                             \
  X(OK, 0, "success")                                                   \
  X(ENOMEM, -1, "out of memory")                                        \
  X(EPROTOCOL, -2, "the server broke the protocol")                     \
  X(EINVAL, -3, "an argument is missing or out of range")               \
  X(ENOCONN, -4, "no connection was asked for: call connect first")     \
  X(EREFUSED, -5, "the server refused the connection")                  \
  X(ELOST, -7, "the connection was lost")                               \
  X(ETLS, -8, "TLS failed")                                             \
  X(EPAYLOAD, -9, "the payload is larger than MQTT allows")             \
  X(ENOTSUP, -10, "the server does not offer this")                     \
  X(EERRNO, -14, "the system reported an error")                        \
  X(ELOOKUP, -15, "the name of the server cannot be resolved")          \
  X(EPROXY, -16, "the proxy refused or failed")                         \
  X(EUTF8, -18, "text that is not valid UTF-8 as MQTT allows it")       \
  X(EKEEPALIVE, -19, "the server did not answer within the keep-alive") \
  X(EOVERSIZE, -25, "larger than the server accepts")                   \
  X(ETIMEOUT, -27, "no answer in time")                                 \
  X(EQUEUE, -64,                                                        \
    "the queue is full: wait for earlier messages or raise"             \
    " maxQueueMessages or maxQueueBytes")                               \
  X(ECLOSED, -65, "the client was disconnected before this was done")   \
  X(EEXPIRED, -66, "the message expired before it could be sent")       \
  X(EWEBSOCKET, -67, "the WebSocket failed")                            \
  X(ECANCELLED, -68, "the request was cancelled")                       \
  X(EBREAKS, -69,                                                       \
    "the server broke off one connection after the other over this"     \
    " request")                                                         \
  X(ELOCKED, -70,                                                       \
    "the store is open already: one client of one process has it at a"  \
    " time")                                                            \
  X(EFOREIGN, -71,                                                      \
    "this is no store of midge, or one that a newer version made")      \
  X(EFULL, -72, "the store cannot grow: the disk or the store is full") \
  X(EREADONLY, -73, "the store is on a read-only file system")          \
  X(ENETWORK, -74, "the store is on a network file system")             \
  X(ESTORE, -75, "the store cannot be used")                            \
  X(EREPLACED, -76, "a newer message of the topic took its place")      \
  X(ESESSION, -77,                                                      \
    "the session ended before the server's answer: it may have the"     \
    " message")

typedef enum midge_status {
#define MIDGE_STATUS_MEMBER(name, number, text) MIDGE_##name = number,
  MIDGE_STATUS_MAP(MIDGE_STATUS_MEMBER)
#undef MIDGE_STATUS_MEMBER
      MIDGE_STATUS_LOWEST = -255, /* minus the highest reason code */
} midge_status;

/* "MIDGE_EQUEUE"; for a reason code, "MIDGE_REASON_NOT_AUTHORIZED". Static;
 * "MIDGE_EUNKNOWN" for a number that is neither. */
MIDGE_API const char *midge_status_name(midge_status status);

/* "the queue is full ..."; for a reason code the text of MQTT 5. Static. */
MIDGE_API const char *midge_status_text(midge_status status);

/* What a client wants of a transport that the program carries (see
 * midge/client.h). */
typedef enum midge_want {
  MIDGE_WANT_DIAL,  /* one is to be made; _dialed or _broken answers */
  MIDGE_WANT_WRITE, /* these bytes are to be sent; _written answers */
  MIDGE_WANT_SHUT,  /* all is written: end our side of the stream */
  MIDGE_WANT_READ,  /* midge_client_reading said no, and would say yes now */
} midge_want;

typedef enum midge_side {
  MIDGE_SIDE_SELF,    /* we broke it off */
  MIDGE_SIDE_SERVER,  /* the server sent DISCONNECT or refused CONNECT */
  MIDGE_SIDE_NETWORK, /* nobody said goodbye */
} midge_side;

/* One function, as in Lua: a null block is allocated, a zero `new_size` is
 * freed. It may be called from the thread that uses the session and from any
 * thread that releases a buffer. It must outlive everything made with it. */
typedef struct midge_allocator {
  void *(*resize)(void *context, void *block, size_t old_size, size_t new_size);
  void *context;
} midge_allocator;

#ifdef __cplusplus
}
#endif

#endif
