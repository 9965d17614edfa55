/* A store as it lies in LMDB's file, read without LMDB: page by page, without
 * the lock and without writing a byte, while a client has it, on a file system
 * that cannot be written, and when the tables of the file are damaged, which
 * would end a process that follows them through a map.
 *
 * The client's transactions take no page that the two before had in use. So
 * what was read is of one moment if the file has gone on by one transaction at
 * most meanwhile; else it is read again. */
#ifndef MIDGE_JOURNAL_SNAPSHOT_H
#define MIDGE_JOURNAL_SNAPSHOT_H

#include "journal/explanation.h"
#include "journal/file.h"

typedef struct midge_snapshot {
  const char *path; /* for people; the caller's */
  int file;
  int error; /* of the system: why something could not be read; 0: none */
  size_t page_size;
  midge_meta meta; /* of the moment that is looked at */
} midge_snapshot;

/* `data` is LMDB's file in the directory `path`. MIDGE_EFOREIGN: it is not
 * there, or no store that this version reads; MIDGE_ESTORE, MIDGE_ENOMEM. What
 * was opened is closed by _close, also after an error. */
MIDGE_CHECKED midge_status midge_snapshot_open(midge_snapshot *snapshot,
                                               const char *path,
                                               const char *data,
                                               midge_explanation *why);
void midge_snapshot_close(midge_snapshot *snapshot);

/* Bytes of the pages that hold something, and of all that the file has. */
MIDGE_CHECKED midge_status midge_snapshot_size(midge_snapshot *snapshot,
                                               uint64_t *used, uint64_t *all,
                                               midge_explanation *why);

/* Whether all is still there of what the file held when something of it was
 * last read. */
bool midge_snapshot_is_there(midge_snapshot *snapshot);

/* A record that was found; its value until this returns. True: no more. */
typedef bool midge_find(uint64_t key, midge_slice value, void *context);

/* Shows the records of a database whose keys are below `end`, from the highest
 * on. Pages that only other records lie on are not read. Nobody writes
 * meanwhile. MIDGE_ESTORE, MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_snapshot_last(midge_snapshot *snapshot,
                                               const char *database,
                                               uint64_t end, midge_find *find,
                                               void *context,
                                               midge_explanation *why);

/* A way through the records of a database, in the order of their keys. */
typedef struct midge_scan {
  midge_snapshot *snapshot;
  const char *database;
  uint64_t next; /* records before this key are done with */
  bool ended;
  uint8_t *leaf;      /* a page of them */
  size_t at, end;     /* where the offsets of its nodes are that are left */
  size_t transaction; /* that the leaf is of */
  uint8_t *large;     /* a value that has pages of its own */
} midge_scan;

/* Of the records from the key `first` on. It is freed in any case. */
void midge_scan_begin(midge_scan *scan, midge_snapshot *snapshot,
                      const char *database, uint64_t first);
void midge_scan_free(midge_scan *scan);
/* Go on with `key`, which is no lower than the one that was shown last. */
void midge_scan_skip(midge_scan *scan, uint64_t key);

typedef struct midge_scanned {
  bool is_there; /* else there are no more */
  uint64_t key;
  midge_slice value; /* until the next call */
} midge_scanned;

/* MIDGE_ESTORE: the file's tables are damaged, or it cannot be read;
 * MIDGE_ELOCKED: its client writes faster than it can be read; MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_scan_next(midge_scan *scan,
                                           midge_scanned *scanned,
                                           midge_explanation *why);

#endif
