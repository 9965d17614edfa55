/* What the tests of this folder share: how a hostile server is played, and the
 * rule that holds for each of its tricks. */
#ifndef MIDGE_TEST_CONFORMANCE_H
#define MIDGE_TEST_CONFORMANCE_H

#include "transcript/transcript.h"
#include "unit/harness.h"

/* Play `lines`, in every cut; the test fails where the transcript does. */
void play(const char *lines);
void play_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A broken packet or rule. `lines` is what the server does, and what comes out
 * before the connection breaks. Afterwards the rule for all:
 *
 *   - exactly one `closed`, by us, with EPROTOCOL and `reason`; in MQTT 5 with
 *     DISCONNECT(reason), before that with no packet [MQTT-4.8.0-1 of 3.1.1];
 *   - the session is kept: a QoS 1 message that was in flight is sent again
 *     with DUP on the next connection, and done when the server answers;
 *   - the memory used stays below a constant;
 *   - all the same wherever the bytes are cut. */
typedef struct hostile {
  const char *version; /* "5" if null */
  const char *options; /* more fields of the `option` line */
  const char *lines;
  uint8_t reason;
} hostile;

/* On an open connection; message id 1 is in flight. */
void hostile_open(hostile what);
/* The same in both versions; the lines mean the same bytes in both. */
void hostile_open_both(const char *lines, uint8_t reason);
/* Instead of a good CONNACK. */
void hostile_greeting(hostile what);
void hostile_greeting_both(const char *lines, uint8_t reason);

/* The session edge cases, in MQTT 5 and 3.1.1: `lines` begin on an open
 * connection of a session that is kept. */
void play_both(const char *options, const char *lines);
void play_5(const char *options, const char *lines);
void play_3(const char *options, const char *lines);
/* The connection is cut, and the server still has the session, or has not. */
#define RESUME                           \
  "disconnected\n= closed by=network\n"  \
  "connected\n> CONNECT clean_start=0\n" \
  "< CONNACK session_present=1\n= opened session_present=1\n"
#define LOSE                             \
  "disconnected\n= closed by=network\n"  \
  "connected\n> CONNECT clean_start=0\n" \
  "< CONNACK session_present=0\n= opened session_present=0\n"
/* The process dies, and another takes up the session. */
#define CRASH                                     \
  "restart\nconnected\n> CONNECT clean_start=0\n" \
  "< CONNACK session_present=1\n= opened session_present=1\n"

/* A session in C: connected, CONNACK received, everything seen thrown away. */
void driver_open(driver *d, const char *options, const char *connack);
/* Append the bytes of packets described as in a transcript. */
typedef struct bytes {
  uint8_t *data;
  size_t size, room;
} bytes;
void bytes_add(bytes *to, const void *data, size_t size);
void bytes_line(bytes *to, midge_version version, const char *line);
void bytes_free(bytes *of);

#endif
