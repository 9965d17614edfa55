/* LMDB's file: opened, made, grown, and opened again after a fault. */
#ifndef MIDGE_JOURNAL_ENVIRONMENT_H
#define MIDGE_JOURNAL_ENVIRONMENT_H

#include <lmdb.h>

#include "journal/epoch.h"
#include "journal/pages.h"
#include "journal/place.h"

typedef struct midge_store midge_store;

struct midge_store {
  midge_place_of_store place;
  bool disk;
  bool is_synced;  /* what LMDB has written so far is on the disk */
  bool is_fresh;   /* the file has yet to get its name */
  bool is_checked; /* all its pages were looked at; then what that came to: */
  midge_soundness soundness;
  size_t bytes_max; /* the file never grows beyond this */
  size_t map_bytes; /* what it may grow to as it is opened now */
  MDB_env *env;     /* null after a fault: to be opened again */
  MDB_dbi records, damaged, about;
  midge_epoch epoch;
};

/* Whether a store of this format can be read as it is. */
bool midge_environment_knows(midge_slice format);

MIDGE_CHECKED midge_status midge_environment_open(midge_store *store,
                                                  midge_explanation *why);
void midge_environment_close(midge_store *store);

/* Looks at all pages, once in a store's life. MIDGE_ECLOSED: the interest did
 * not last; else a transaction would do it first, however long it takes. */
MIDGE_CHECKED midge_status midge_environment_check(
    midge_store *store, const midge_interest *interest, midge_explanation *why);

/* What a transaction does: 0, or an error of LMDB. */
typedef int midge_transaction(midge_store *store, MDB_txn *txn, void *context);

/* All of it or nothing. It is made again when the map had to grow; and a store
 * that had a fault the time before is opened anew first. */
MIDGE_CHECKED midge_status midge_environment_write(midge_store *store,
                                                   midge_transaction *make,
                                                   void *context,
                                                   midge_explanation *why);
MIDGE_CHECKED midge_status midge_environment_read(midge_store *store,
                                                  midge_transaction *make,
                                                  void *context,
                                                  midge_explanation *why);

#endif
