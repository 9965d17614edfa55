#include "journal/epoch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ONLY_OWNER = 0600 };

/* What stands in `about`. */
static const char epoch_key[] = "epoch";
static const char stale_key[] = "stale";

/* Where the data lies: a copy is another file, made at another time. */
typedef struct midge_lair {
  uint64_t number;
  uint64_t made_s, made_ns; /* 0: the file system does not say */
} midge_lair;

/* As they lie in `about` and in the file; read by this machine alone. */
typedef struct midge_stamp {
  uint64_t id;
  midge_lair lair;
} midge_stamp;

typedef struct midge_progress {
  uint64_t id;
  uint64_t transaction;
} midge_progress;

static MDB_val value_of(const char *text) {
  return (MDB_val){strlen(text), (void *)(uintptr_t)text};
}

static int find_lair(const char *data, midge_lair *lair) {
  struct statx found = {0};
  if (statx(AT_FDCWD, data, 0, STATX_INO | STATX_BTIME, &found) != 0)
    return errno;
  *lair = (midge_lair){.number = found.stx_ino};
  if ((found.stx_mask & STATX_BTIME) == 0) return 0;
  lair->made_s = (uint64_t)found.stx_btime.tv_sec;
  lair->made_ns = found.stx_btime.tv_nsec;
  return 0;
}

static bool is_same_lair(const midge_lair *a, const midge_lair *b) {
  if (a->number != b->number) return false;
  if (a->made_s == 0 || b->made_s == 0) return true;
  return a->made_s == b->made_s && a->made_ns == b->made_ns;
}

static int open_file(midge_epoch *epoch, const char *path) {
  char *name = malloc(strlen(path) + sizeof "/epoch");
  if (name == NULL) return ENOMEM;
  strcpy(stpcpy(name, path), "/epoch");
  epoch->file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, ONLY_OWNER);
  int error = epoch->file < 0 ? errno : 0;
  free(name);
  return error;
}

/* The one before, if there is one that can be: false says so. */
static bool find_stamp(MDB_txn *txn, MDB_dbi about, midge_stamp *stamp) {
  MDB_val key = value_of(epoch_key), found;
  if (mdb_get(txn, about, &key, &found) != 0) return false;
  if (found.mv_size != sizeof *stamp) return false;
  memcpy(stamp, found.mv_data, sizeof *stamp);
  return true;
}

/* The file is behind after a power cut, and never ahead of its own store. */
static int check_progress(const midge_epoch *epoch, const midge_stamp *stamp,
                          const midge_lair *lair, uint64_t newest,
                          bool *is_stale) {
  midge_progress progress;
  ssize_t size = pread(epoch->file, &progress, sizeof progress, 0);
  if (size < 0) return errno;
  *is_stale = size != sizeof progress || /* it was taken away */
              progress.id != stamp->id || progress.transaction > newest ||
              !is_same_lair(&stamp->lair, lair);
  return 0;
}

static int write_progress(const midge_epoch *epoch, uint64_t transaction) {
  midge_progress progress = {epoch->id, transaction};
  ssize_t size = pwrite(epoch->file, &progress, sizeof progress, 0);
  if (size == sizeof progress) return 0;
  return size < 0 ? errno : ENOSPC;
}

/* A store that is empty, beside the epoch of one that was written, has lost its
 * data: then by how much. */
static int find_loss(const midge_epoch *epoch, uint64_t *lost) {
  midge_progress progress;
  ssize_t size = pread(epoch->file, &progress, sizeof progress, 0);
  if (size < 0) return errno;
  if (size == sizeof progress) *lost = progress.transaction;
  return 0;
}

/* The file first: an epoch that is only there has not begun, and does not
 * forget what was lost before. */
static int begin(midge_epoch *epoch, MDB_txn *txn, MDB_dbi about,
                 const midge_lair *lair, uint64_t lost) {
  midge_stamp stamp = {.lair = *lair};
  MDB_val key = value_of(epoch_key), value = {sizeof stamp, &stamp};
  if (getrandom(&stamp.id, sizeof stamp.id, 0) != sizeof stamp.id) return EIO;
  epoch->id = stamp.id;
  int error = write_progress(epoch, lost);
  return error == 0 ? mdb_put(txn, about, &key, &value, 0) : error;
}

static bool was_stale(MDB_txn *txn, MDB_dbi about) {
  MDB_val key = value_of(stale_key), value;
  return mdb_get(txn, about, &key, &value) == 0;
}

int midge_epoch_spoil(MDB_txn *txn, MDB_dbi about) {
  MDB_val key = value_of(stale_key), value = {0, NULL};
  return mdb_put(txn, about, &key, &value, 0);
}

int midge_epoch_open(midge_epoch *epoch, MDB_txn *txn, MDB_dbi about,
                     const char *path, const char *data) {
  midge_stamp stamp = {0};
  midge_lair lair;
  epoch->is_stale = was_stale(txn, about);
  int error = find_lair(data, &lair);
  if (error == 0) error = open_file(epoch, path);
  if (error != 0) return error;
  bool is_known = find_stamp(txn, about, &stamp), is_stale = true;
  uint64_t lost = 0;
  epoch->id = stamp.id;
  error = is_known ? check_progress(epoch, &stamp, &lair, mdb_txn_id(txn) - 1,
                                    &is_stale)
                   : find_loss(epoch, &lost);
  if (error != 0 || !is_stale) return error;
  error = begin(epoch, txn, about, &lair, lost);
  if ((!is_known && lost == 0) || error != 0) return error;
  epoch->is_stale = true;
  return midge_epoch_spoil(txn, about);
}

void midge_epoch_close(midge_epoch *epoch) {
  if (epoch->file >= 0) close(epoch->file);
  epoch->file = -1;
}

/* Without it an old copy may be taken for the store: no more than that. */
void midge_epoch_note(const midge_epoch *epoch, uint64_t transaction) {
  (void)write_progress(epoch, transaction);
}

int midge_epoch_sync(const midge_epoch *epoch) {
  return fsync(epoch->file) != 0 ? errno : 0;
}

int midge_epoch_settle(MDB_txn *txn, MDB_dbi about) {
  MDB_val key = value_of(stale_key);
  int error = mdb_del(txn, about, &key, NULL);
  return error == MDB_NOTFOUND ? 0 : error;
}
