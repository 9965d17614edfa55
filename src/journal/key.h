/* What lies in a store, and under which key.
 *
 *   about     "format"  "midge store 2"
 *             "epoch"   its random number, and the file it lies in: epoch.c
 *             "stale"   empty, and there: the session of an old copy has not
 *                       been forgotten yet
 *   records   a key of 8 bytes -> a value: value.h
 *   damaged   the same
 *
 * A key is big-endian, so that the order in the file is that of the numbers.
 * Its two highest bits say what the record is; the numbers in heads are
 * big-endian too, and times are milliseconds since the Unix epoch, with all
 * bits set for never.
 *
 *   000 sequence  a message of QoS 1 or 2. Head: QoS << 1 | retain (1 byte),
 * topic alias (2), expires (8), must be sent by (8), label: the message id of
 *                 JavaScript or the token of C (8), size of the topic (2), size
 *                 of the properties (4). Body: topic, properties as on the wire
 *                 without expiry and alias, payload
 *   001 sequence  one of QoS 0, that was not sent: the same
 *   01 sequence   where the message of QoS 1 or 2 is: state (1; 1: has a packet
 * identifier, 2: PUBREC came, 3: it was given up, and PUBREL frees the
 *                 identifier), packet identifier (2), order of PUBREC (8)
 *   10 packet id  a message of QoS 2 of the server, PUBREL of which has not
 *                 been answered. Head: 1 (1 byte): the program has it, 2: and
 *                 PUBREL came on a connection that is over; else that of a
 *                 message received (engine/received.c): flags (1), topic alias
 *                 (2), size of the topic (2), size of the properties (4), and
 *                 the message as the body
 *   10 0          the durable inbox. Head: its epoch (8), and a number (8): no
 *                 higher one was given to a message yet
 *   101 number    a message of QoS 1 or 2 in it. Head: that of a message
 *                 received, and its packet identifier (2) (engine/kept.c)
 *   11 0          the session. Head: 1: it exists, 2: the next connection is to
 *                 begin anew (1 byte, the sum), session expiry in seconds (4),
 *                 offline since (8; never: there was a connection). Body: its
 *                 client identifier. In the first format the head was 1 (1)
 *   11 number     a subscription that was granted. Head: options as on the wire
 *                 (1), size of the filter (2). Body: filter, properties as on
 *                 the wire */
#ifndef MIDGE_JOURNAL_KEY_H
#define MIDGE_JOURNAL_KEY_H

#include <lmdb.h>

#include "base/slice.h"

enum { MIDGE_STORE_KEY_SIZE = 8 };

#define MIDGE_STORE_FLEETING (UINT64_C(1) << 61) /* QoS 0; others are lower */
#define MIDGE_STORE_MARKS (UINT64_C(1) << 62)    /* messages are lower */
#define MIDGE_STORE_SESSION (UINT64_C(3) << 62)

/* A message of QoS 1 or 2, which may be in flight, a mark, or the session
 * itself: without one of these nobody knows which packet identifiers the server
 * holds, and would take for others. */
static inline bool midge_store_may_be_in_flight(uint64_t key) {
  if (key == MIDGE_STORE_SESSION) return true;
  return key < 2 * MIDGE_STORE_MARKS && (key & MIDGE_STORE_FLEETING) == 0;
}

/* `room` lives as long as the value. */
static inline MDB_val midge_store_key(uint8_t room[MIDGE_STORE_KEY_SIZE],
                                      uint64_t key) {
  for (int i = 0; i < MIDGE_STORE_KEY_SIZE; i++)
    room[i] = (uint8_t)(key >> (56 - 8 * i));
  return (MDB_val){MIDGE_STORE_KEY_SIZE, room};
}

static inline uint64_t midge_store_key_number(MDB_val value) {
  const uint8_t *bytes = value.mv_data;
  uint64_t key = 0;
  for (size_t i = 0; i < value.mv_size; i++) key = key << 8 | bytes[i];
  return key;
}

#endif
