/* The life of a client, without the network: when to dial and where to, what
 * to try again and when, the filters, the session, and how it all ends. It
 * opens no socket, reads no clock, rolls no dice and calls nobody back.
 *
 *   what happened        what you want          what to do
 *   -------------        -------------          ----------
 *   _clock, _elapsed     _wish                  _event      tell the program
 *   _dialed, _failed                            _attempt    whose transport
 *   _received                                   _dial       where to
 *   _written                                    _output     send these bytes
 *   _broken, _ended                             _is_shut    end our side
 *   _paused                                     _reading    read, or do not
 *   _restore, _committed                        _record     keep this
 *                                               _deadline   come back by then
 *
 * A turn is: move the clock, tell the facts and the wishes, then go through
 * the third column from top to bottom. Each attempt to connect has a number of
 * its own, from 1, and one beginning (CONNECTING) and one end (CLOSED). What
 * is told about another attempt than the one under way is over and is ignored;
 * a driver that holds a transport of another attempt than _attempt says drops
 * it.
 *
 * What is desired stands beside what is (see machine.h):
 *
 *   IDLE -> [ASKING] -> DIALING -> [SHAKING] -> LINKED -> CLOSING -+
 *    ^         ^           |           |          |               |
 *    |         +- WAITING <-+-----------+----------+---------------+
 *    +---------------------------------------------- given up, goodbye -> OVER
 */
#ifndef MIDGE_LINK_LINK_H
#define MIDGE_LINK_LINK_H

#include "link/fault.h"
#include "link/wish.h"

typedef struct midge_link midge_link;

/* Where a transport is wanted to. */
typedef struct midge_place {
  uint32_t attempt;
  const char *host;          /* of a Unix socket: its path */
  uint16_t port;             /* 0: a Unix socket */
  const char *local_address; /* to bind to; null: any */
  bool nagle;                /* leave Nagle's algorithm on */
  bool keeps_alive; /* TCP looks for a server that vanished: MQTT does not */
} midge_place;

/* What a driver has done for a link, apart from its bytes and events. */
typedef struct midge_arrangement {
  uint32_t attempt; /* whose transport there is */
  bool reads;
  midge_time wakes_at;
} midge_arrangement;

/* Publishes and requests that have ended since one asked last. */
typedef struct midge_freed {
  size_t messages, bytes;
} midge_freed;

/* `seed` spreads the retries. The allocator outlives the link. As
 * midge_client_open; `text` (of `text_size` bytes, or null) gets a sentence
 * for people. */
MIDGE_CHECKED midge_status midge_link_new(midge_link **link,
                                          const midge_client_options *options,
                                          const midge_allocator *allocator,
                                          uint64_t seed, char *text,
                                          size_t text_size);
/* An allocator that does not fail, as one that waits until there is memory, and
 * gives the same blocks: for what can be neither refused nor forgotten. Before
 * anything else; without it the program ends when there is no memory for that.
 */
void midge_link_rely(midge_link *link, const midge_allocator *patient);
/* As the options say; events carry it. */
void *midge_link_context(const midge_link *link);
/* Without events. Null is fine. */
void midge_link_free(midge_link *link);

/* --- What happened --- */

/* Time has reached `now`, but nothing is late yet: first in every turn that
 * tells something else. What has come in may be what was waited for. */
void midge_link_clock(midge_link *link, midge_time now);
/* Time has reached `now`, and what is late by then is late. Tell it when the
 * deadline is reached, after all that came in before. */
void midge_link_elapsed(midge_link *link, midge_time now);

/* The transport that _dial asked for is up, or cannot be. */
void midge_link_dialed(midge_link *link, uint32_t attempt);
void midge_link_failed(midge_link *link, uint32_t attempt,
                       const midge_fault *fault);
/* Bytes came from the transport. Returns how many were taken; the others are
 * to be told again after the next _written, before any that follow them, and
 * _reading says no until then. */
MIDGE_CHECKED size_t midge_link_received(midge_link *link, uint32_t attempt,
                                         midge_slice bytes);
/* The same, of bytes that lie in a buffer and do not change any more: what is
 * kept of them may hold it. Worth it when they fill most of it. */
MIDGE_CHECKED size_t midge_link_received_in(midge_link *link, uint32_t attempt,
                                            midge_slice bytes,
                                            midge_buffer *buffer);
/* Where the next bytes may be written before they are told as received, `*size`
 * of them, `most` at most: those of a large packet are not copied then. Until
 * they are, nothing else is told. Null when they may lie anywhere. */
uint8_t *midge_link_room(midge_link *link, uint32_t attempt, size_t most,
                         size_t *size);
/* The transport took the first `size` bytes of the output; 0 is fine, and the
 * way to say that rests of _received may be told again. */
void midge_link_written(midge_link *link, uint32_t attempt, size_t size);
/* The transport is broken, whichever side of it noticed. */
void midge_link_broken(midge_link *link, uint32_t attempt,
                       const midge_fault *fault);
/* The other side ended the stream. */
void midge_link_ended(midge_link *link, uint32_t attempt);

/* The program has fallen behind with the events of this client, or caught up.
 */
void midge_link_paused(midge_link *link, bool paused);

/* A client with a store begins with what is in it. Each record, in the order
 * of the keys, as midge_session_restore; `cost` is what it takes of the queue,
 * 0 for what is no message. Then that these were all, as
 * midge_session_restored: what was wished meanwhile is done now. */
MIDGE_CHECKED midge_status midge_link_restore(midge_link *link,
                                              const midge_record *record,
                                              size_t *cost);
void midge_link_restored(midge_link *link, const midge_restored *restored);
/* The store cannot be read for now, or can again (MIDGE_OK): who closes then
 * does not wait for it, and what was wished meanwhile ends with `status`. */
void midge_link_store_fault(midge_link *link, midge_status status);
/* False: what else is in the store is left there. */
bool midge_link_is_restoring(const midge_link *link);
/* As midge_session_restore_absent, _wants, _load and _loaded, with tickets. */
void midge_link_restore_absent(midge_link *link, const midge_absence *absence);
bool midge_link_wants(midge_link *link, uint64_t *first, uint64_t *last);
MIDGE_CHECKED midge_status midge_link_load(midge_link *link,
                                           const midge_record *record);
void midge_link_loaded(midge_link *link, uint64_t key);
/* As midge_session_committed. */
void midge_link_committed(midge_link *link, uint64_t position);

/* --- What you want --- */

/* Every wish but MIDGE_WISH_OPEN. What it points at is copied. */
void midge_link_wish(midge_link *link, const midge_wish *wish);
/* A goodbye that is under way waits for no answers any more. */
void midge_link_hurry(midge_link *link);

/* --- What to do --- */

/* On loan until the next call of any function. */
bool midge_link_event(midge_link *link, midge_event *event);
/* As midge_session_record: before _output, and also after ENDED. */
bool midge_link_record(midge_link *link, midge_record *record);
/* The attempt that has a transport or wants one; 0: none has. */
uint32_t midge_link_attempt(const midge_link *link);
/* A transport is wanted and has not been told of; to `place`, whose strings
 * live until the attempt is over. */
bool midge_link_dial(const midge_link *link, midge_place *place);
/* The bytes to send next, in at most `count` slices; returns how many were
 * filled. They stay put until the next call, or, if it _output_stays, until
 * they are _written or the attempt is over. */
size_t midge_link_output(midge_link *link, midge_slice *slices, size_t count);
bool midge_link_output_stays(const midge_link *link);
/* When the output is empty: end our side of the stream. */
bool midge_link_is_shut(midge_link *link);
bool midge_link_reading(midge_link *link);
midge_time midge_link_deadline(const midge_link *link);
/* For whoever tells a wish in the driver's place, and then has taken every
 * event and sent all of the output: nothing else is to do but what is arranged.
 * If not, the driver owes the link a turn. */
bool midge_link_is_content(midge_link *link,
                           const midge_arrangement *arrangement);
midge_freed midge_link_freed(midge_link *link);
/* As midge_session_in_flight and midge_session_round_trips. */
size_t midge_link_in_flight(const midge_link *link);
midge_round_trips midge_link_round_trips(const midge_link *link);
/* A goodbye to the server is under way. */
bool midge_link_is_leaving(const midge_link *link);
/* The last event, ENDED, was told: free it. */
bool midge_link_is_over(const midge_link *link);

#endif
