/* Messages that are looked at, and stay where they are. */
#include "base/slice.h"
#include "journal/environment.h"
#include "journal/key.h"
#include "journal/store.h"
#include "journal/value.h"

enum {
  SURVEY_RECORDS = 16384, /* in one step */
  SURVEY_BAD = 64,        /* the same, of those that are set aside */
};

typedef struct midge_survey_step {
  midge_survey *survey;
  size_t records;
  uint64_t bad[SURVEY_BAD];
  size_t bad_count;
} midge_survey_step;

static void note(midge_survey_step *step, uint64_t key, midge_slice value) {
  midge_absence *found = &step->survey->found;
  midge_record record = {.key = key};
  midge_publish publish;
  step->records++;
  step->survey->after = key;
  if (!midge_value_read(value, &record.head, &record.body) ||
      !midge_record_message(&record, &publish)) {
    step->bad[step->bad_count++] = key;
    return;
  }
  if (found->count++ == 0) found->first = key;
  found->last = key;
  found->bytes += record.body.size;
}

static int look(midge_store *store, MDB_txn *txn, void *context) {
  midge_survey_step *step = context;
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val key = midge_store_key(room, step->survey->after + 1), value;
  MDB_cursor *cursor;
  int error = mdb_cursor_open(txn, store->records, &cursor);
  if (error != 0) return error;
  error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  while (error == 0 && midge_store_key_number(key) < MIDGE_STORE_FLEETING) {
    if (step->records == SURVEY_RECORDS || step->bad_count == SURVEY_BAD) break;
    note(step, midge_store_key_number(key),
         midge_slice_of(value.mv_data, value.mv_size));
    error = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
  }
  mdb_cursor_close(cursor);
  return error == MDB_NOTFOUND ? 0 : error;
}

midge_status midge_store_survey(midge_store *store, midge_survey *survey,
                                midge_explanation *why) {
  midge_survey before = *survey;
  midge_survey_step step = {.survey = survey};
  midge_status status = midge_environment_read(store, look, &step, why);
  if (status == MIDGE_OK)
    status = midge_store_set_aside(store, step.bad, step.bad_count, why);
  if (status != MIDGE_OK) {
    *survey = before;
    return status;
  }
  survey->damaged += step.bad_count;
  survey->is_over =
      step.records < SURVEY_RECORDS && step.bad_count < SURVEY_BAD;
  return MIDGE_OK;
}

/* --- In flight --- */

static int find_marked(midge_store *store, MDB_txn *txn, void *context) {
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  MDB_val key = midge_store_key(room, 2 * MIDGE_STORE_MARKS), value;
  MDB_cursor *cursor;
  uint64_t *marked = context;
  int error = mdb_cursor_open(txn, store->records, &cursor);
  if (error != 0) return error;
  error = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  error =
      mdb_cursor_get(cursor, &key, &value, error == 0 ? MDB_PREV : MDB_LAST);
  uint64_t number = error == 0 ? midge_store_key_number(key) : 0;
  if (number >= MIDGE_STORE_MARKS) *marked = number - MIDGE_STORE_MARKS;
  mdb_cursor_close(cursor);
  return error == MDB_NOTFOUND ? 0 : error;
}

midge_status midge_store_last_marked(midge_store *store, uint64_t *key,
                                     midge_explanation *why) {
  *key = 0;
  return midge_environment_read(store, find_marked, key, why);
}
