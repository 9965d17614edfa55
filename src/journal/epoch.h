/* Whether a store is the one that was written last, or an older copy of it: a
 * session that goes on from an old copy would break its promises.
 *
 * Two places know: the store itself, and the file `epoch` beside it, which
 * LMDB's transactions do not reach. The file has the store's random number and
 * the number of its newest transaction; the store has the same random number,
 * and which file of the system it lay in. */
#ifndef MIDGE_JOURNAL_EPOCH_H
#define MIDGE_JOURNAL_EPOCH_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct midge_epoch {
  int file;      /* the descriptor, or -1 */
  uint64_t id;   /* drawn when the store was made, or found to be stale */
  bool is_stale; /* and nobody has drawn the conclusion yet */
} midge_epoch;

/* In the transaction that opens a store of this path, whose data lies in the
 * file `data`. A store that is new, or stale, begins an epoch. 0, or an error
 * of the system or of LMDB. */
int midge_epoch_open(midge_epoch *epoch, MDB_txn *txn, MDB_dbi about,
                     const char *path, const char *data);
void midge_epoch_close(midge_epoch *epoch);

/* The transaction of this number is there. */
void midge_epoch_note(const midge_epoch *epoch, uint64_t transaction);
/* Before the first promise for power cuts: 0, or an error of the system. */
int midge_epoch_sync(const midge_epoch *epoch);
/* In the transaction that takes away what a session needs to go on. */
int midge_epoch_spoil(MDB_txn *txn, MDB_dbi about);
/* In the transaction that says what becomes of a stale session. */
int midge_epoch_settle(MDB_txn *txn, MDB_dbi about);

#endif
