/* A program around a session, as a transcript needs it: clock, transport and
 * journal are all in memory, what comes out is kept as lines, and the promises
 * that hold for every session are checked on the way. */
#ifndef MIDGE_TEST_DRIVER_H
#define MIDGE_TEST_DRIVER_H

#include "transcript/line.h"
#include "transcript/memory.h"
#include "transcript/wire.h"

/* Something that came out: a packet or an event. */
typedef struct seen {
  char *text;
  uint8_t *bytes; /* of a packet */
  size_t size;
} seen;

typedef struct seen_list {
  seen *list;
  size_t count, first, room;
} seen_list;

typedef struct journal_entry {
  uint64_t key, position;
  uint8_t *value; /* head and body; of nothing: delete */
  size_t head_size, size;
  struct journal_entry *next;
} journal_entry;

typedef struct driver {
  line options; /* as written; their text belongs to the session's options */
  midge_session *session;
  memory memory;
  midge_time now;
  midge_version version; /* of the last CONNECT */
  seen_list packets, events;

  /* The transport. */
  uint8_t *stream; /* sent, not yet a whole packet */
  size_t stream_size, stream_room;
  bool connected, opened, closed, disconnecting;
  bool packets_sent; /* on this connection */

  /* How the output is taken and the journal is kept. */
  bool byte_by_byte, output_held, commit_held, events_held;
  bool lends;         /* what is received lies in buffers that may be kept */
  bool messages_held; /* once: they may come at any time */
  bool events_mixed; /* of several connections: which is which is not checked */
  size_t allowance;  /* bytes that a held output may still send */
  journal_entry *committed, *pending;
  uint64_t position; /* the last record */

  uint64_t *tokens; /* that were done */
  size_t token_count;

  bool careless; /* wishes may be refused: memory fails, see test_memory.c */
  bool failed;
  char failure[512]; /* the first thing that went wrong */
} driver;

void driver_init(driver *d);
void driver_free(driver *d);
void driver_fail(driver *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Make the session from the options, or say why not. */
midge_status driver_start(driver *d);
/* A crash: what was not committed is gone. */
void driver_restart(driver *d, bool stale);

/* Empty the third column. */
void driver_turn(driver *d);
void driver_elapsed(driver *d, midge_time ms);
void driver_jumped(driver *d, midge_time ms);
void driver_connected(driver *d);
void driver_received(driver *d, const uint8_t *bytes, size_t size);
void driver_disconnected(driver *d, bool by_server);
/* What is kept, as the session wrote it. */
midge_record journal_record(const journal_entry *entry);
/* The oldest `count` of the pending records. */
void driver_commit(driver *d, size_t count);
size_t driver_journal_count(const driver *d);

/* The oldest that nobody took, or null. It stays the driver's. */
seen *seen_take(seen_list *from);
void seen_clear(seen_list *from);

#endif
