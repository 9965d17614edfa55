#include "specimen.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notation.h"

#define IN_MESSAGE (MIDGE_IN(PUBLISH) | MIDGE_IN(WILL))
#define IN_HANDSHAKE (MIDGE_IN(CONNECT) | MIDGE_IN(CONNACK))
#define IN_ACK                                                 \
  (MIDGE_IN(PUBACK) | MIDGE_IN(PUBREC) | MIDGE_IN(PUBREL) |    \
   MIDGE_IN(PUBCOMP) | MIDGE_IN(SUBACK) | MIDGE_IN(UNSUBACK) | \
   MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT) | MIDGE_IN(AUTH))
#define EVERYWHERE (0xFFFEu & ~(MIDGE_IN(PINGREQ) | MIDGE_IN(PINGRESP)))

/* What is wrong with a value: its range, or its bytes. */
#define RANGE MIDGE_REASON_PROTOCOL_ERROR
#define BYTES MIDGE_REASON_MALFORMED_PACKET

const specimen specimens[] = {
    {"01 01", IN_MESSAGE, RANGE, {"01 02", "01 ff"}},
    {"02 00 00 00 00", IN_MESSAGE, RANGE, {NULL}},
    {"03 00 01 'c'", IN_MESSAGE, BYTES, {"03 00 01 ff", "03 00 01 00"}},
    {"08 00 03 'a/b'",
     IN_MESSAGE,
     BYTES,
     {"08 00 00", "08 00 03 'a/+'", "08 00 01 '#'", "08 00 02 c0 80"}},
    {"09 00 02 00 ff", IN_MESSAGE, BYTES, {NULL}},
    {"0b ff ff ff 7f",
     MIDGE_IN(PUBLISH) | MIDGE_IN(SUBSCRIBE),
     BYTES,
     {"0b 80 00", "0b 81 80 00", "0b ff ff ff ff", "0b ff ff ff ff 01"}},
    {"0b 01", MIDGE_IN(PUBLISH) | MIDGE_IN(SUBSCRIBE), RANGE, {"0b 00"}},
    {"11 00 00 00 0a", IN_HANDSHAKE | MIDGE_IN(DISCONNECT), RANGE, {NULL}},
    {"12 00 01 'c'",
     MIDGE_IN(CONNACK),
     BYTES,
     {"12 00 01 00", "12 00 03 ed a0 80"}},
    {"13 00 00", MIDGE_IN(CONNACK), RANGE, {NULL}},
    {"15 00 01 'm'", IN_HANDSHAKE | MIDGE_IN(AUTH), BYTES, {"15 00 01 80"}},
    {"16 00 01 00", IN_HANDSHAKE | MIDGE_IN(AUTH), BYTES, {NULL}},
    {"17 00", MIDGE_IN(CONNECT), RANGE, {"17 02"}},
    {"18 00 00 00 00", MIDGE_IN(WILL), RANGE, {NULL}},
    {"19 01", MIDGE_IN(CONNECT), RANGE, {"19 02"}},
    {"1a 00 01 'r'", MIDGE_IN(CONNACK), BYTES, {"1a 00 01 c2"}},
    {"1c 00 01 's'",
     MIDGE_IN(CONNACK) | MIDGE_IN(DISCONNECT),
     BYTES,
     {"1c 00 01 fe"}},
    {"1f 00 01 'r'", IN_ACK, BYTES, {"1f 00 04 f4 90 80 80"}},
    {"21 00 01", IN_HANDSHAKE, RANGE, {"21 00 00"}},
    {"22 00 00", IN_HANDSHAKE, RANGE, {NULL}},
    {"23 00 01",
     MIDGE_IN(PUBLISH),
     MIDGE_REASON_TOPIC_ALIAS_INVALID,
     {"23 00 00"}},
    {"24 01", MIDGE_IN(CONNACK), RANGE, {"24 02"}},
    {"25 00", MIDGE_IN(CONNACK), RANGE, {"25 02"}},
    {"26 00 01 'k' 00 01 'v'",
     EVERYWHERE | MIDGE_IN(WILL),
     BYTES,
     {"26 00 01 00 00 01 'v'", "26 00 01 'k' 00 01 ff"}},
    {"27 00 00 00 01", IN_HANDSHAKE, RANGE, {"27 00 00 00 00"}},
    {"28 01", MIDGE_IN(CONNACK), RANGE, {"28 02"}},
    {"29 01", MIDGE_IN(CONNACK), RANGE, {"29 80"}},
    {"2a 01", MIDGE_IN(CONNACK), RANGE, {"2a 02"}},
};
const size_t specimen_count = sizeof specimens / sizeof *specimens;

#define ACK(type, first) \
  { type, first, "00 0a 00", "" }

const container containers[] = {
    {MIDGE_CONNECT, "10", "00 04 'MQTT' 05 02 00 3c", "00 01 'c'"},
    {MIDGE_WILL, "10", "00 04 'MQTT' 05 06 00 3c 00 00 01 'c'",
     "00 01 'w' 00 01 'x'"},
    {MIDGE_CONNACK, "20", "00 00", ""},
    {MIDGE_PUBLISH, "30", "00 01 't'", "'x'"},
    ACK(MIDGE_PUBACK, "40"),
    ACK(MIDGE_PUBREC, "50"),
    ACK(MIDGE_PUBREL, "62"),
    ACK(MIDGE_PUBCOMP, "70"),
    {MIDGE_SUBSCRIBE, "82", "00 0a", "00 01 'a' 01"},
    {MIDGE_SUBACK, "90", "00 0a", "01"},
    {MIDGE_UNSUBSCRIBE, "a2", "00 0a", "00 01 'a'"},
    {MIDGE_UNSUBACK, "b0", "00 0a", "00"},
    {MIDGE_DISCONNECT, "e0", "00", ""},
    {MIDGE_AUTH, "f0", "18", ""},
};
const size_t container_count = sizeof containers / sizeof *containers;

static size_t size_of(const char *notation) {
  size_t size;
  free(notation_read(notation, &size));
  return size;
}

const char *container_fill(const container *box, const char *properties,
                           int claimed) {
  static char notation[1000];
  size_t length = size_of(properties);
  size_t body = size_of(box->before) + 1 + length + size_of(box->after);
  if (claimed < 0) claimed = (int)length;
  assert(body < 128);
  int size = snprintf(notation, sizeof notation, "%s %02x %s %02x %s %s",
                      box->first, (unsigned)body, box->before,
                      (unsigned)claimed, properties, box->after);
  assert(size > 0 && (size_t)size < sizeof notation);
  return notation;
}
