/* The one outbox: every message that has been taken and has not ended, ordered
 * by key.
 *
 *   fleeting    QoS 0 that wait             leaving   QoS 0 in the output
 *   publishes   QoS 1 and 2, oldest first:
 *
 *       [published] [released] [published] [waits] [waits] ...
 *                                 ^ cursor    ^ entry
 *
 *   absent      QoS 1 and 2 that the journal has, and we have not
 *   behind      QoS 1 and 2 that are newer than these
 *
 * Those before `entry` have a packet identifier; those before `cursor` were
 * shown on this connection. `cursor` never passes `entry`. */
#ifndef MIDGE_ENGINE_OUTBOX_H
#define MIDGE_ENGINE_OUTBOX_H

#include "engine/message.h"

typedef struct midge_message_list {
  midge_message *first, *last;
} midge_message_list;

/* Messages that lie in the journal alone. */
typedef struct midge_absent {
  uint64_t first, last; /* keys: none of them is lower or higher */
  size_t count, bytes;  /* they count in the outbox too */
  bool asked;           /* the next of them are on their way */
} midge_absent;

typedef struct midge_outbox {
  midge_message_list fleeting;
  midge_message_list leaving;
  midge_message_list publishes;
  midge_message_list releases; /* PUBREC came, in the order of the PUBRECs */
  midge_message *cursor;       /* next to show; null: none */
  midge_message *entry;        /* next to get an identifier; null: none */
  midge_message_list behind;
  midge_absent absent;
  size_t held_max;         /* so much memory `publishes` may take, or little
                              more; the others are behind */
  size_t held;             /* it takes so much */
  midge_message *unstored; /* next whose record is to be committed, if the
                                  session is durable; null: none */
  midge_message *unstored_fleeting; /* the same, of QoS 0 */
  uint64_t passed;  /* the highest key of QoS 0 that was shown: what has a lower
                       one was overtaken, and gets another */
  size_t in_flight; /* messages with an identifier */
  size_t exactly_once; /* of these, QoS 2 */
  size_t window; /* messages of QoS 1 and 2 this connection may yet show */
  size_t count;  /* messages that have not ended */
  size_t bytes;  /* their topics, properties and payloads */
  size_t ended;  /* of QoS 1 and 2: nobody waits for them */
  midge_time next_expiry; /* no message that waits expires before this */
} midge_outbox;

void midge_outbox_init(midge_outbox *outbox, size_t held_max);
/* Let go of every message, without an event. */
void midge_outbox_free(midge_outbox *outbox);

/* Add a message behind those of its kind: its key is the highest. */
void midge_outbox_add(midge_outbox *outbox, midge_message *message);
/* It was told as stored, or need not be: the next one is. */
void midge_outbox_told_stored(midge_outbox *outbox,
                              const midge_message *message);
/* The same for one that the journal has: ahead of those that are behind. */
void midge_outbox_add_stored(midge_outbox *outbox, midge_message *message);
/* The first of those that are behind is stored: nothing of it stays but that it
 * is absent. */
void midge_outbox_leave(midge_outbox *outbox, midge_message *message);
/* `message`, which was absent, is added next. */
void midge_outbox_come_back(midge_outbox *outbox, const midge_message *message);
/* None is absent any more, wherever they are. */
void midge_outbox_forget_absent(midge_outbox *outbox);
/* Whether there is room for those that are absent, or behind. */
bool midge_outbox_has_room(const midge_outbox *outbox);
/* Those that are behind follow when none is absent, as far as there is room. */
void midge_outbox_refill(midge_outbox *outbox);
/* Add one of QoS 0 behind another that waits, in the order of keys. */
void midge_outbox_insert(midge_outbox *outbox, midge_message *behind,
                         midge_message *message);
/* Take it out of every list, wherever it is; it is the caller's then. */
void midge_outbox_remove(midge_outbox *outbox, midge_message *message);

/* Whether a message of QoS 1 or 2 waits for an identifier, wherever it is. */
bool midge_outbox_waits(const midge_outbox *outbox);
/* The next to get an identifier is of QoS 0 from now on, and has not been
 * overtaken. The search for its place begins at `behind`, one of QoS 0 that is
 * older, or null. */
void midge_outbox_lower(midge_outbox *outbox, midge_message *message,
                        midge_message *behind);

/* It has its identifier, it was shown, PUBREC came for it. */
void midge_outbox_enter(midge_outbox *outbox, midge_message *message);
void midge_outbox_show(midge_outbox *outbox, midge_message *message);
void midge_outbox_release(midge_outbox *outbox, midge_message *message);
/* The same when a journal tells of it: PUBRECs are ordered by `order`. */
void midge_outbox_release_in_order(midge_outbox *outbox, midge_message *message,
                                   uint64_t order);
/* PUBREL ended: the place in the window is free again. */
void midge_outbox_free_place(midge_outbox *outbox, midge_message *message);

/* The connection is gone, and of its output the first `sent` bytes were sent:
 * what was shown is to be shown again, as a duplicate if it left whole.
 * QoS 0 that did not leave whole waits again. */
void midge_outbox_rewind(midge_outbox *outbox, uint64_t sent);
/* The session is gone too: forget that anything was shown. Identifiers must
 * have been dropped by the caller. Returns how many had one. */
uint32_t midge_outbox_renew(midge_outbox *outbox);

/* Nobody waits any longer for one that was shown. */
void midge_outbox_end(midge_outbox *outbox, midge_message *message);

/* Nor is its PUBREL sent again by ourselves: it only keeps its identifier, and
 * counts no longer. */
void midge_outbox_give_up(midge_outbox *outbox, midge_message *message);

/* A message that waits, with no other time limit: next_expiry is not after its
 * expiry. */
void midge_outbox_note_expiry(midge_outbox *outbox,
                              const midge_message *message);

#endif
