/* Reading a store: by pages, for there may be more than memory should hold. */
#include <errno.h>
#include <stdlib.h>

#include "journal/environment.h"
#include "journal/key.h"
#include "journal/snapshot.h"
#include "journal/store.h"
#include "journal/value.h"

enum { PAGE_RECORDS = 1024 };

/* A walk through the records behind `after`. */
typedef struct midge_walk {
  uint64_t after;
  size_t room;
  midge_page *page;
  size_t bytes; /* of the records on the page */
  uint64_t bad[PAGE_RECORDS];
  size_t bad_count;
} midge_walk;

static midge_slice slice_of(MDB_val value) {
  return midge_slice_of(value.mv_data, value.mv_size);
}

/* --- Pages --- */

void midge_page_free(midge_page *page) {
  free(page->records);
  free(page->bytes);
  *page = (midge_page){0};
}

static void note(midge_walk *walk, MDB_val key, MDB_val value) {
  midge_record record = {.key = midge_store_key_number(key)};
  if (!midge_value_read(slice_of(value), &record.head, &record.body)) {
    walk->bad[walk->bad_count++] = record.key;
    return;
  }
  walk->page->records[walk->page->count++] = record;
  walk->bytes += record.head.size + record.body.size;
}

static bool is_full(const midge_walk *walk) {
  return walk->page->count + walk->bad_count == PAGE_RECORDS ||
         walk->bytes >= walk->room;
}

/* From the file, which may change after the transaction, into memory. */
static int copy_page(midge_walk *walk) {
  midge_page *page = walk->page;
  uint8_t *to = page->bytes = malloc(walk->bytes + 1);
  if (to == NULL) return ENOMEM;
  for (size_t i = 0; i < page->count; i++) {
    midge_record *record = &page->records[i];
    uint8_t *body = midge_slice_copy(to, record->head);
    record->head.data = to;
    to = midge_slice_copy(body, record->body);
    record->body.data = body;
  }
  return 0;
}

static int read_page(midge_store *store, MDB_txn *txn, void *context) {
  midge_walk *walk = context;
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val key = midge_store_key(room, walk->after + 1), value;
  MDB_cursor *cursor;
  int error = mdb_cursor_open(txn, store->records, &cursor);
  if (error != 0) return error;
  error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (error == 0) {
    note(walk, key, value);
    if (is_full(walk)) break;
    error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  if (error != 0 && error != MDB_NOTFOUND) return error;
  return copy_page(walk);
}

static midge_status fill_page(midge_store *store, midge_walk *walk,
                              midge_explanation *why) {
  midge_page *page = walk->page;
  midge_page_free(page);
  walk->bytes = walk->bad_count = 0;
  page->records = calloc(PAGE_RECORDS, sizeof *page->records);
  if (page->records == NULL) return MIDGE_ENOMEM;
  midge_status status = midge_environment_read(store, read_page, walk, why);
  if (status != MIDGE_OK || walk->bad_count == 0) return status;
  return midge_store_set_aside(store, walk->bad, walk->bad_count, why);
}

midge_status midge_store_read(midge_store *store, uint64_t after, size_t room,
                              midge_page *page, midge_explanation *why) {
  midge_walk *walk = calloc(1, sizeof *walk);
  midge_status status = MIDGE_OK;
  size_t damaged = 0;
  *page = (midge_page){0};
  if (walk == NULL) return MIDGE_ENOMEM;
  walk->after = after;
  walk->room = room;
  walk->page = page;
  do { /* a page of damaged ones is no end */
    status = fill_page(store, walk, why);
    damaged += walk->bad_count;
  } while (status == MIDGE_OK && page->count == 0 && walk->bad_count != 0);
  page->damaged = damaged;
  page->stale = midge_store_is_stale(store);
  free(walk);
  return status;
}

/* --- What is there --- */

/* A damaged one has none. */
static bool find_label(uint64_t key, midge_slice value, void *context) {
  midge_publish publish;
  uint64_t *label = context;
  midge_record record = {.key = key};
  bool is_message = midge_value_read(value, &record.head, &record.body) &&
                    midge_record_message(&record, &publish);
  if (is_message && publish.label > *label) *label = publish.label;
  return is_message;
}

/* QoS 0 lies behind the others, whatever came last. */
static midge_status find_last(midge_snapshot *snapshot, uint64_t *label,
                              midge_explanation *why) {
  static const uint64_t ends[] = {MIDGE_STORE_MARKS, MIDGE_STORE_FLEETING};
  midge_status status = MIDGE_OK;
  for (size_t i = 0; i < 2 && status == MIDGE_OK; i++)
    status = midge_snapshot_last(snapshot, "records", ends[i], find_label,
                                 label, why);
  return status;
}

midge_status midge_store_last_label(midge_store *store, uint64_t *label,
                                    midge_explanation *why) {
  midge_snapshot snapshot;
  *label = 0;
  if (store->is_fresh) return MIDGE_OK;
  midge_status status =
      midge_snapshot_open(&snapshot, store->place.path, store->place.data, why);
  if (status == MIDGE_OK) status = find_last(&snapshot, label, why);
  midge_snapshot_close(&snapshot);
  return status;
}

typedef struct midge_store_counts {
  size_t records, damaged;
} midge_store_counts;

static int count(midge_store *store, MDB_txn *txn, void *context) {
  midge_store_counts *counts = context;
  MDB_stat stat;
  int error = mdb_stat(txn, store->records, &stat);
  if (error != 0) return error;
  counts->records = stat.ms_entries;
  error = mdb_stat(txn, store->damaged, &stat);
  counts->damaged = stat.ms_entries;
  return error;
}

midge_status midge_store_count(midge_store *store, size_t *records,
                               size_t *damaged, midge_explanation *why) {
  midge_store_counts counts = {0};
  midge_status status = midge_environment_read(store, count, &counts, why);
  *records = counts.records;
  *damaged = counts.damaged;
  return status;
}
