/* The thread of a store. It reads what a session left behind, page by page, and
 * then writes what the session wants kept: all that came while one transaction
 * was under way goes into the next, so that a slow disk costs time and not
 * syncs. Nobody waits for it but those who depend on what it writes.
 *
 *     reactor's thread          under the lock       the keeper's thread
 *     [collected] -- flush -->   [incoming]  ---->    one transaction
 *      midge_news  <-- ring --   page, committed, fault, closed
 *       wants     -- load -->    [load]      ---->    one page              */
#ifndef MIDGE_REACTOR_KEEPER_H
#define MIDGE_REACTOR_KEEPER_H

#include "journal/store.h"

typedef struct midge_keeper midge_keeper;

/* What the keeper has to say. */
typedef struct midge_news {
  bool has_page;
  midge_page page; /* the taker's; one without records that
                      does not go on, and was not asked for: all is read */
  uint64_t committed;
  bool fault_changed;
  midge_status fault; /* MIDGE_OK: the store works */
  midge_explanation why;
  bool is_closed; /* its store is free for others */
} midge_news;

/* Takes the store over, and reads it: of its messages those that are in flight,
 * and as many as fit into `memory` bytes. `ring` is called on the keeper's
 * thread when there is news. Null: no thread, or no memory; the store is still
 * the caller's. */
midge_keeper *midge_keeper_start(midge_store *store, size_t memory,
                                 void (*ring)(void *context), void *context);
/* Waits for the thread, which writes what it has before, unless it cannot. */
void midge_keeper_stop(midge_keeper *keeper);

/* Everything since the last call. */
void midge_keeper_hear(midge_keeper *keeper, midge_news *news);

/* The record of this key cannot be used. */
void midge_keeper_set_aside(midge_keeper *keeper, uint64_t key);
/* Collect a record. */
void midge_keeper_put(midge_keeper *keeper, const midge_record *record);
/* A page of the records behind `after`, once all that was handed over is
 * written. One at a time. */
void midge_keeper_load(midge_keeper *keeper, uint64_t after);
/* Hand over what was collected. */
void midge_keeper_flush(midge_keeper *keeper);
/* When all of that is written, close the store. */
void midge_keeper_close(midge_keeper *keeper);

#endif
