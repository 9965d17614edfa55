/* A session and everything around it: memory, clock, transport, journal and
 * program, with what must hold whatever happens.
 *
 * - Each _connected is answered by one CLOSED, with at most one OPENED before
 *   it; messages and challenges come in between.
 * - What is sent on a connection is whole valid packets that a client may
 *   send, CONNECT first and nothing after DISCONNECT, none larger than the
 *   server accepts, and none that it has reason to refuse (server.h). The last
 *   may be cut by the end of the connection.
 * - Output that was shown stays where it is, as it is.
 * - A wish that was taken is done once, one that was not, never.
 * - A turn comes to its end, and all memory comes back. */
#ifndef MIDGE_FUZZ_WORLD_H
#define MIDGE_FUZZ_WORLD_H

#include "midge/session.h"
#include "server.h"

enum {
  WORLD_TOKENS = 1024,
  WORLD_RECORDS = 128,
  WORLD_SENT_ROOM = 1 << 16,
  WORLD_IDS = 8,
};

typedef struct world_record {
  uint64_t key;
  midge_slice head, body; /* one behind the other */
} world_record;

typedef struct world {
  midge_session *session;
  midge_session_options options;
  midge_allocator allocator;
  size_t blocks, bytes;  /* that the session holds */
  size_t calls, fail_at; /* the call for memory that is refused; 0: none */
  bool failing;          /* memory was refused at least once */
  bool in_pieces;        /* what is received comes byte by byte */
  uint64_t trace;        /* a hash over all that came out */
  midge_time now;

  bool connected;      /* the transport is up */
  bool opened, closed; /* what was told of this connection */
  size_t sent_size;    /* of what was sent and is not a whole packet yet */
  bool said_connect, said_disconnect;
  midge_version version; /* that CONNECT was written in */
  uint32_t packet_size_max;

  server server;     /* the other end of this connection */
  midge_slice shown; /* the first slice of output at the last look */
  uint64_t shown_hash;
  bool has_shown;

  uint8_t tokens[WORLD_TOKENS]; /* taken, done */
  uint64_t next_token;
  uint16_t received_ids[WORLD_IDS]; /* of messages that want an answer */
  size_t received_count;

  world_record records[WORLD_RECORDS]; /* the journal, by key */
  size_t record_count;
  uint64_t written;

  uint8_t sent[WORLD_SENT_ROOM]; /* last: it need not be zeroed */
} world;

enum { WORLD_TAKEN = 1, WORLD_DONE = 2 };

void world_init(world *w, const midge_session_options *options, size_t fail_at,
                bool in_pieces);
void world_free(world *w);
/* The program dies and starts again with what the journal holds. */
void world_restart(world *w);

void world_connected(world *w);
void world_received(world *w, midge_slice bytes);
void world_sent(world *w, size_t size);
void world_disconnected(world *w);
void world_committed(world *w);
/* The program gives up: every wish that was taken is done now. */
void world_abandoned(world *w);
void world_elapsed(world *w, midge_time more);

/* A token for a wish, and what became of the wish. */
uint64_t world_token(world *w);
void world_wished(world *w, uint64_t token, midge_status status);

/* Take all there is to take. */
void world_end_turn(world *w);

#endif
