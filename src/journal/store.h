/* A store: the records of one session in an LMDB file, in a directory of their
 * own.
 *
 *     records   key -> head and body, each with its checksum
 *     damaged   the same, of what cannot be used: nobody reads it
 *     about     the format, and of which epoch it is
 *
 * Everything here may wait for a disk, so it belongs to a thread that nothing
 * else waits for. One thread at a time. */
#ifndef MIDGE_JOURNAL_STORE_H
#define MIDGE_JOURNAL_STORE_H

#include "engine/record_queue.h"
#include "journal/explanation.h"
#include "journal/pages.h"

typedef struct midge_store midge_store;

typedef struct midge_store_options {
  midge_slice path;
  bool disk;        /* a commit survives a power cut, not only a crash */
  bool forced;      /* on a network file system too */
  size_t bytes_max; /* of the file; 0: 4 GiB */
} midge_store_options;

/* Makes the store if it is not there. It waits for the disk only if `disk` is
 * wanted of a store that is an old copy, or of an older format. MIDGE_EINVAL
 * (no path), MIDGE_EFOREIGN (something else, or of a newer version),
 * MIDGE_ELOCKED, MIDGE_EREADONLY, MIDGE_ENETWORK, MIDGE_EFULL, MIDGE_ESTORE,
 * MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_store_open(midge_store **store,
                                            const midge_store_options *options,
                                            midge_explanation *why);
/* What was written with _write is in the file. Null is fine. */
void midge_store_close(midge_store *store);

/* It was opened as an older copy of itself, or as a copy that lies elsewhere,
 * or what was in flight had to be set aside: of the server's session nobody
 * knows what has become. So it stays, also for the next process, until the
 * session has written itself down. */
bool midge_store_is_stale(const midge_store *store);

/* The label of the message that was published last of those that are there, or
 * 0. */
MIDGE_CHECKED midge_status midge_store_last_label(midge_store *store,
                                                  uint64_t *label,
                                                  midge_explanation *why);

/* Looks at the tables of the file, which the first that reads or writes would
 * do otherwise: of a large store it takes a while. MIDGE_ECLOSED: it was given
 * up, as `interest` did not last. MIDGE_ESTORE: they are damaged, and so says
 * whatever is done later; MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_store_look(midge_store *store,
                                            const midge_interest *interest,
                                            midge_explanation *why);

/* One transaction, all or nothing, that is there when this returns MIDGE_OK.
 * After an error it may be there or not: write the same again. MIDGE_EFULL: the
 * disk, or the store has reached its limit; MIDGE_EREADONLY, MIDGE_ESTORE,
 * MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status
midge_store_write(midge_store *store, const midge_waiting_record *records,
                  size_t count, midge_explanation *why);

/* A few of the records, in the order of their keys. */
typedef struct midge_page {
  midge_record *records; /* their positions mean nothing */
  size_t count;
  size_t damaged; /* records that were set aside instead */
  bool stale;     /* midge_store_is_stale, behind it */
  uint8_t *bytes; /* what they point at */
  /* For who takes pages from the keeper: instead of records, messages that stay
   * where they are; and that the page was asked for by midge_keeper_load. */
  midge_absence absent;
  bool goes_on; /* then it is not the last, though it has no records */
  bool loaded;
} midge_page;

/* The records behind `after`, at least one if there is one, and not many more
 * than `room` bytes; an empty page: there are no more. A page is freed in any
 * case. Damaged ones are set aside. Errors as of _write. */
MIDGE_CHECKED midge_status midge_store_read(midge_store *store, uint64_t after,
                                            size_t room, midge_page *page,
                                            midge_explanation *why);
void midge_page_free(midge_page *page);

/* These cannot be used after all: out of the records, into the damaged. */
MIDGE_CHECKED midge_status midge_store_set_aside(midge_store *store,
                                                 const uint64_t *keys,
                                                 size_t count,
                                                 midge_explanation *why);

/* A look at messages that stay where they are. */
typedef struct midge_survey {
  uint64_t after; /* the key of the last that was looked at */
  midge_absence found;
  size_t damaged; /* that were set aside */
  bool is_over;   /* there are no more */
} midge_survey;

/* At some more. Errors as of _write; nothing is changed then. */
MIDGE_CHECKED midge_status midge_store_survey(midge_store *store,
                                              midge_survey *survey,
                                              midge_explanation *why);
/* The key of the newest message that may be in flight, or 0. */
MIDGE_CHECKED midge_status midge_store_last_marked(midge_store *store,
                                                   uint64_t *key,
                                                   midge_explanation *why);

/* How many records, and how many that were set aside. */
MIDGE_CHECKED midge_status midge_store_count(midge_store *store,
                                             size_t *records, size_t *damaged,
                                             midge_explanation *why);

#endif
