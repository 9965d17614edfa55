/* One message taken out of a store from outside: midge/store.h. */
#include <unistd.h>

#include "engine/records.h"
#include "journal/environment.h"
#include "journal/key.h"
#include "journal/reader.h"
#include "journal/store.h"

#define ROOM ((size_t)64 * 1024 * 1024) /* for what the transaction writes */

typedef struct midge_discarding {
  uint64_t key;
  bool was_there;
} midge_discarding;

static int discard_key(MDB_txn *txn, MDB_dbi database, uint64_t number,
                       bool *was_there) {
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val key = midge_store_key(room, number);
  int error = mdb_del(txn, database, &key, NULL);
  *was_there = error == 0;
  return error == MDB_NOTFOUND ? 0 : error;
}

/* Out of the records, a message with its mark, or else out of the damaged. */
static int discard(midge_store *store, MDB_txn *txn, void *context) {
  midge_discarding *discarding = context;
  uint64_t key = discarding->key;
  bool *was_there = &discarding->was_there, marked;
  int error = discard_key(txn, store->records, key, was_there);
  if (error == 0 && (key & MIDGE_KEY_KINDS) == 0)
    error = discard_key(txn, store->records, key | MIDGE_KEY_MARK, &marked);
  if (error == 0 && !*was_there)
    error = discard_key(txn, store->damaged, key, was_there);
  return error;
}

/* What this key is; what cannot be discarded is said. */
static midge_status find(midge_slice path, uint64_t key, uint64_t *bytes,
                         midge_explanation *why) {
  midge_store_reader *reader = NULL;
  midge_stored stored;
  midge_status status = midge_reader_open(&reader, path, why);
  bool found = false;
  if (status != MIDGE_OK) return status;
  while (!found && midge_store_reader_next(reader, &stored))
    found = stored.key == key;
  const char *name = midge_reader_place(reader)->path;
  status = midge_store_reader_end(reader, why->text, sizeof why->text);
  if (status == MIDGE_OK && !found)
    status = midge_explain(why, MIDGE_EINVAL, "the store", name,
                           " has no message with this key");
  if (found && stored.publish.qos == MIDGE_EXACTLY_ONCE &&
      stored.packet_id != 0)
    status = midge_explain(why, MIDGE_EINVAL, "the message in the store", name,
                           " is of QoS 2 and under way: let a client end it, as"
                           " its identifier would be taken for another's");
  uint64_t used;
  if (status == MIDGE_OK)
    status =
        midge_snapshot_size(midge_reader_snapshot(reader), &used, bytes, why);
  midge_store_reader_close(reader);
  return status;
}

static midge_status open_and_discard(midge_slice path, uint64_t key,
                                     midge_explanation *why) {
  uint64_t bytes = 0;
  midge_store *store = NULL;
  midge_discarding discarding = {.key = key};
  midge_status status = find(path, key, &bytes, why);
  if (status != MIDGE_OK) return status;
  midge_store_options options = {.path = path, .disk = true, .forced = true};
  options.bytes_max = (size_t)bytes + ROOM;
  status = midge_store_open(&store, &options, why);
  /* Again, now that nobody else changes it. */
  if (status == MIDGE_OK) status = find(path, key, &bytes, why);
  if (status == MIDGE_OK)
    status = midge_environment_write(store, discard, &discarding, why);
  midge_store_close(store);
  return status;
}

midge_status midge_store_discard(midge_slice path, uint64_t key, char *text,
                                 size_t text_size) {
  midge_explanation why;
  midge_status status = open_and_discard(path, key, &why);
  midge_explanation_tell(&why, text, text_size);
  return status;
}
