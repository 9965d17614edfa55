#include "journal/environment.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/slice.h"

enum {
  ONLY_OWNER = 0600,
  DATABASES = 3, /* named ones */
};

#define MAP_BYTES_FIRST ((size_t)16 * 1024 * 1024)

/* What stands in `about`. The first format had no epoch, of the session's own
 * record nothing but that it is there, no subscriptions and no QoS 0: it is the
 * second one as soon as it is called so. */
static const char format_key[] = "format";
static const char format_now[] = "midge store 2";
static const char format_before[] = "midge store 1";

bool midge_environment_knows(midge_slice format) {
  return midge_slice_equal(format, midge_slice_text(format_now)) ||
         midge_slice_equal(format, midge_slice_text(format_before));
}

static MDB_val value_of(const char *text) {
  return (MDB_val){strlen(text), (void *)(uintptr_t)text};
}

/* --- What the file is --- */

static bool is_empty(MDB_txn *txn) {
  MDB_dbi all;
  MDB_stat stat;
  return mdb_dbi_open(txn, NULL, 0, &all) == 0 &&
         mdb_stat(txn, all, &stat) == 0 && stat.ms_entries == 0;
}

static int refuse_format(const midge_store *store, MDB_val found,
                         midge_explanation *why) {
  char more[96] = " was made by another program; choose another path";
  if (found.mv_size != 0)
    snprintf(more, sizeof more,
             " has the format \"%.*s\", which this version does not know;"
             " choose another path",
             found.mv_size < 20 ? (int)found.mv_size : 20,
             (const char *)found.mv_data);
  midge_explain(why, MIDGE_EFOREIGN, "the store", store->place.path, more);
  return MDB_INVALID;
}

static int check_format(midge_store *store, MDB_txn *txn,
                        midge_explanation *why) {
  MDB_val key = value_of(format_key), format = value_of(format_now);
  MDB_val found = {0, NULL};
  bool is_new = is_empty(txn);
  int error =
      mdb_dbi_open(txn, "about", is_new ? MDB_CREATE : 0, &store->about);
  if (error == 0 && !is_new) error = mdb_get(txn, store->about, &key, &found);
  if (error == MDB_NOTFOUND || error == MDB_INCOMPATIBLE)
    return refuse_format(store, found, why);
  if (error != 0) return error;
  if (!is_new &&
      !midge_environment_knows(midge_slice_of(found.mv_data, found.mv_size)))
    return refuse_format(store, found, why);
  bool is_now = found.mv_size == format.mv_size &&
                memcmp(found.mv_data, format.mv_data, format.mv_size) == 0;
  return is_now ? 0 : mdb_put(txn, store->about, &key, &format, 0);
}

static int open_databases(midge_store *store, const char *name,
                          midge_explanation *why) {
  MDB_txn *txn;
  int error = mdb_txn_begin(store->env, NULL, 0, &txn);
  if (error != 0) return error;
  error = check_format(store, txn, why);
  if (error == 0)
    error = midge_epoch_open(&store->epoch, txn, store->about,
                             store->place.path, name);
  if (error == 0)
    error = mdb_dbi_open(txn, "records", MDB_CREATE, &store->records);
  if (error == 0)
    error = mdb_dbi_open(txn, "damaged", MDB_CREATE, &store->damaged);
  if (error == 0) return mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return error;
}

/* As much as opening needs; the rest has time until the first transaction. */
static int check_pages(const midge_store *store, const char *name,
                       midge_explanation *why) {
  midge_soundness soundness;
  if (store->is_fresh) return 0;
  int error = midge_pages_check(name, false, NULL, &soundness);
  if (error != 0) return error;
  midge_status status = midge_pages_refuse(soundness, store->place.path, why);
  return status == MIDGE_OK ? 0 : MDB_CORRUPTED;
}

static bool is_nameless(int file) {
  struct stat found;
  return fstat(file, &found) == 0 && found.st_nlink == 0;
}

/* What is written to a file without a name goes with this process, and a lock
 * without one keeps nobody away. */
static bool was_removed(const midge_store *store) {
  int file;
  if (is_nameless(store->place.lock)) return true;
  return store->env != NULL && mdb_env_get_fd(store->env, &file) == 0 &&
         is_nameless(file);
}

/* --- Opening --- */

/* Without LMDB's own locks: there is one process, and in it one thread. Nothing
 * is waited for here: a file that is there is not written to in most cases, and
 * one that is not has another name until it is on the disk as a whole. */
static int open_file(midge_store *store, const char *name) {
  int error = mdb_env_create(&store->env);
  if (error != 0) {
    store->env = NULL;
    return error;
  }
  unsigned hurry = store->disk && !store->is_fresh ? 0 : MDB_NOSYNC;
  error = mdb_env_set_maxdbs(store->env, DATABASES);
  if (error == 0) error = mdb_env_set_mapsize(store->env, store->map_bytes);
  if (error != 0) return error;
  return mdb_env_open(store->env, name,
                      MDB_NOSUBDIR | MDB_NOLOCK | MDB_NORDAHEAD | hurry,
                      ONLY_OWNER);
}

/* From now on it is the store's. */
static int name_file(midge_store *store) {
  if (!store->is_fresh) return 0;
  if (rename(store->place.fresh, store->place.data) != 0) return errno;
  store->is_fresh = false;
  return 0;
}

/* Only what is known not to be there is made: a file that cannot be looked at
 * may be a whole store. Nothing in an unfinished one was ever promised. */
static int choose_file(midge_store *store, const char **name) {
  *name = store->place.data;
  store->is_fresh = false;
  if (access(store->place.data, F_OK) == 0) return 0;
  if (errno != ENOENT) return errno;
  *name = store->place.fresh;
  store->is_fresh = true;
  return unlink(store->place.fresh) == 0 || errno == ENOENT ? 0 : errno;
}

midge_status midge_environment_open(midge_store *store,
                                    midge_explanation *why) {
  const char *name;
  why->text[0] = '\0';
  store->is_synced = false;
  store->epoch.file = -1;
  if (store->map_bytes == 0) store->map_bytes = MAP_BYTES_FIRST;
  if (store->map_bytes > store->bytes_max) store->map_bytes = store->bytes_max;
  int error = choose_file(store, &name);
  if (error == 0) error = check_pages(store, name, why);
  if (error == 0) error = open_file(store, name);
  if (error == 0) error = open_databases(store, name, why);
  store->is_checked |= store->is_fresh;
  if (error == 0 && !store->disk) error = name_file(store);
  if (error == 0) return MIDGE_OK;
  midge_environment_close(store);
  if (why->text[0] != '\0') return midge_status_of_error(error);
  return midge_explain_error(why, error, "cannot open the store",
                             store->place.path);
}

void midge_environment_close(midge_store *store) {
  bool is_ours = store->env != NULL && !was_removed(store);
  if (store->env != NULL) mdb_env_close(store->env);
  if (is_ours && store->is_fresh) unlink(store->place.fresh);
  store->env = NULL;
  midge_epoch_close(&store->epoch);
}

/* --- Transactions --- */

/* Before the first transaction with records: all pages. What was found stays
 * true, for nobody else writes to the file. */
static midge_status check_first(midge_store *store,
                                const midge_interest *interest,
                                midge_explanation *why) {
  int error = 0;
  if (!store->is_checked) {
    error =
        midge_pages_check(store->place.data, true, interest, &store->soundness);
    store->is_checked = error == 0;
  }
  if (error == ECANCELED) return MIDGE_ECLOSED;
  if (error != 0)
    return midge_explain_error(why, error, "cannot read the store",
                               store->place.path);
  return midge_pages_refuse(store->soundness, store->place.path, why);
}

/* Before the first transaction: what others have written without waiting is on
 * the disk, and from now on each transaction waits for it, in the order that
 * LMDB needs; else a power cut in the first one could take those before. */
static midge_status sync_first(midge_store *store, midge_explanation *why) {
  if (!store->disk || store->is_synced) return MIDGE_OK;
  int error = midge_epoch_sync(&store->epoch);
  if (error == 0) error = mdb_env_sync(store->env, 1);
  if (error == 0) error = mdb_env_set_flags(store->env, MDB_NOSYNC, 0);
  if (error == 0) error = name_file(store);
  if (error != 0)
    return midge_explain_error(why, error, "cannot sync the store",
                               store->place.path);
  midge_status status = midge_place_sync(&store->place, why);
  store->is_synced = status == MIDGE_OK;
  return status;
}

static void note_newest(const midge_store *store) {
  MDB_envinfo info;
  if (mdb_env_info(store->env, &info) == 0)
    midge_epoch_note(&store->epoch, info.me_last_txnid);
}

static int try_once(midge_store *store, midge_transaction *make,
                    void *context) {
  MDB_txn *txn;
  int error = mdb_txn_begin(store->env, NULL, 0, &txn);
  if (error != 0) return error;
  error = make(store, txn, context);
  if (error == 0) return mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return error;
}

/* False: it has its full size. */
static bool grow(midge_store *store) {
  size_t room = store->bytes_max - store->map_bytes;
  if (room == 0) return false;
  size_t bytes = store->map_bytes;
  store->map_bytes += bytes < room ? bytes : room;
  return mdb_env_set_mapsize(store->env, store->map_bytes) == 0;
}

static midge_status reopen(midge_store *store, const midge_interest *interest,
                           midge_explanation *why) {
  if (was_removed(store))
    return midge_explain(why, MIDGE_ESTORE, "the store", store->place.path,
                         " was removed while it was open; end this client, and"
                         " the next one makes it anew");
  if (store->env == NULL) {
    midge_status status = midge_environment_open(store, why);
    if (status != MIDGE_OK) return status;
  }
  return check_first(store, interest, why);
}

midge_status midge_environment_check(midge_store *store,
                                     const midge_interest *interest,
                                     midge_explanation *why) {
  return reopen(store, interest, why);
}

midge_status midge_environment_write(midge_store *store,
                                     midge_transaction *make, void *context,
                                     midge_explanation *why) {
  int error = 0;
  midge_status status = reopen(store, NULL, why);
  if (status != MIDGE_OK) return status;
  status = sync_first(store, why);
  if (status == MIDGE_OK) {
    do {
      error = try_once(store, make, context);
    } while (error == MDB_MAP_FULL && grow(store));
  }
  if (error == 0 && status == MIDGE_OK) note_newest(store);
  if (error != 0)
    status = midge_explain_error(why, error, "cannot write to the store",
                                 store->place.path);
  /* After some faults LMDB takes no more until it is opened again. */
  if (status != MIDGE_OK) midge_environment_close(store);
  return status;
}

midge_status midge_environment_read(midge_store *store, midge_transaction *make,
                                    void *context, midge_explanation *why) {
  MDB_txn *txn;
  midge_status status = reopen(store, NULL, why);
  if (status != MIDGE_OK) return status;
  int error = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
  if (error == 0) {
    error = make(store, txn, context);
    mdb_txn_abort(txn);
  }
  if (error == 0) return MIDGE_OK;
  return midge_explain_error(why, error, "cannot read the store",
                             store->place.path);
}
