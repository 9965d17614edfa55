#include "journal/store.h"

#include <errno.h>
#include <stdlib.h>

#include "journal/environment.h"
#include "journal/key.h"
#include "journal/value.h"

#define BYTES_MAX ((size_t)4 * 1024 * 1024 * 1024)
#define BYTES_STEP ((size_t)1024 * 1024) /* what LMDB maps is whole pages */

/* --- From the beginning to the end --- */

midge_status midge_store_open(midge_store **opened,
                              const midge_store_options *options,
                              midge_explanation *why) {
  why->text[0] = '\0';
  midge_store *store = calloc(1, sizeof *store);
  if (store == NULL) return MIDGE_ENOMEM;
  size_t bytes = options->bytes_max != 0 ? options->bytes_max : BYTES_MAX;
  store->disk = options->disk;
  store->bytes_max = bytes - bytes % BYTES_STEP;
  if (store->bytes_max == 0) store->bytes_max = BYTES_STEP;
  midge_status status =
      midge_place_open(&store->place, options->path, options->forced, why);
  if (status == MIDGE_OK) status = midge_environment_open(store, why);
  if (status == MIDGE_OK) {
    *opened = store;
    return MIDGE_OK;
  }
  midge_place_close(&store->place);
  free(store);
  return status;
}

void midge_store_close(midge_store *store) {
  if (store == NULL) return;
  midge_environment_close(store);
  midge_place_close(&store->place);
  free(store);
}

bool midge_store_is_stale(const midge_store *store) {
  return store->epoch.is_stale;
}

midge_status midge_store_look(midge_store *store,
                              const midge_interest *interest,
                              midge_explanation *why) {
  return midge_environment_check(store, interest, why);
}

/* --- Writing --- */

typedef struct midge_batch_of_records {
  const midge_waiting_record *records;
  size_t count;
} midge_batch_of_records;

static int delete_record(midge_store *store, MDB_txn *txn, uint64_t number) {
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val key = midge_store_key(room, number);
  int error = mdb_del(txn, store->records, &key, NULL);
  return error == MDB_NOTFOUND ? 0 : error;
}

static int put_record(midge_store *store, MDB_txn *txn,
                      const midge_waiting_record *record) {
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  midge_slice head = midge_slice_of(record->head, record->head_size);
  MDB_val key = midge_store_key(room, record->key);
  MDB_val value = {midge_value_size(head, record->body), NULL};
  int error = mdb_put(txn, store->records, &key, &value, MDB_RESERVE);
  if (error == 0) midge_value_write(value.mv_data, head, record->body);
  return error;
}

/* What a session has to forget of a stale store it has forgotten when it
 * writes itself down. */
static int settle_epoch(const midge_store *store, MDB_txn *txn, uint64_t key) {
  if (!store->epoch.is_stale || key != MIDGE_STORE_SESSION) return 0;
  return midge_epoch_settle(txn, store->about);
}

static int write_batch(midge_store *store, MDB_txn *txn, void *context) {
  const midge_batch_of_records *batch = context;
  int error = 0;
  for (size_t i = 0; i < batch->count && error == 0; i++) {
    const midge_waiting_record *record = &batch->records[i];
    error = record->head_size != 0 ? put_record(store, txn, record)
                                   : delete_record(store, txn, record->key);
    if (error == 0) error = settle_epoch(store, txn, record->key);
  }
  return error;
}

midge_status midge_store_write(midge_store *store,
                               const midge_waiting_record *records,
                               size_t count, midge_explanation *why) {
  midge_batch_of_records batch = {records, count};
  return midge_environment_write(store, write_batch, &batch, why);
}

/* --- Setting aside --- */

typedef struct midge_bad_keys {
  const uint64_t *keys;
  size_t count;
  bool spoiled; /* the session with them */
} midge_bad_keys;

/* Of messages, those with a mark are. */
static bool is_in_flight(const midge_store *store, MDB_txn *txn, uint64_t key) {
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val found;
  MDB_val mark = midge_store_key(room, key | MIDGE_STORE_MARKS);
  if (!midge_store_may_be_in_flight(key)) return false;
  return key == MIDGE_STORE_SESSION ||
         mdb_get(txn, store->records, &mark, &found) == 0;
}

/* A value of LMDB's is good until the next change, so it is copied. */
static int copy_record(midge_store *store, MDB_txn *txn, MDB_val *key) {
  MDB_val value;
  int error = mdb_get(txn, store->records, key, &value);
  if (error != 0) return error;
  void *copy = malloc(value.mv_size + 1);
  if (copy == NULL) return ENOMEM;
  midge_slice_copy(copy, midge_slice_of(value.mv_data, value.mv_size));
  value.mv_data = copy;
  error = mdb_put(txn, store->damaged, key, &value, 0);
  free(copy);
  return error;
}

static int move_record(midge_store *store, MDB_txn *txn, uint64_t number) {
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val key = midge_store_key(room, number);
  int error = copy_record(store, txn, &key);
  if (error == MDB_NOTFOUND) return 0;
  return error == 0 ? delete_record(store, txn, number) : error;
}

static int move_records(midge_store *store, MDB_txn *txn, void *context) {
  midge_bad_keys *bad = context;
  int error = 0;
  bad->spoiled = false;
  for (size_t i = 0; i < bad->count && error == 0; i++) {
    bad->spoiled |= is_in_flight(store, txn, bad->keys[i]);
    error = move_record(store, txn, bad->keys[i]);
  }
  /* The next process will not see the damage, and this one may end before its
   * session has written down what follows from it. */
  return error == 0 && bad->spoiled ? midge_epoch_spoil(txn, store->about)
                                    : error;
}

midge_status midge_store_set_aside(midge_store *store, const uint64_t *keys,
                                   size_t count, midge_explanation *why) {
  midge_bad_keys bad = {.keys = keys, .count = count};
  if (count == 0) return MIDGE_OK;
  midge_status status = midge_environment_write(store, move_records, &bad, why);
  if (status == MIDGE_OK) store->epoch.is_stale |= bad.spoiled;
  return status;
}
