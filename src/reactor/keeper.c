#include "reactor/keeper.h"

#include <assert.h>
#include <uv.h>

#include "base/allocator.h"
#include "base/buffer.h"
#include "base/ring.h"
#include "base/slice.h"
#include "engine/message.h"
#include "journal/key.h"
#include "reactor/patience.h"

enum {
  PAGE_BYTES = 256 * 1024,        /* read at once */
  BATCH_RECORDS = 4096,           /* of one transaction */
  BATCH_BYTES = 16 * 1024 * 1024, /* the same, unless one record is larger */
  ROOM_FIRST = 64,
  ROOM_KEPT = 4096,
};

#define RETRY_NS UINT64_C(1000000000)

/* Records, those that are no longer there at the front. */
typedef struct midge_record_list {
  midge_waiting_record *records;
  size_t room, first, count;
} midge_record_list;

struct midge_keeper {
  midge_store *store; /* the keeper's thread alone */
  uint64_t written;   /* the keeper's thread alone: the newest position */
  size_t memory;      /* constant */
  void (*ring)(void *context);
  void *context;
  uv_thread_t thread;

  midge_record_list collected; /* reactor's thread */
  uint64_t heard;              /* reactor's thread: the last fault it knows */
  uint64_t put;                /* reactor's thread: the newest position */

  uv_mutex_t mutex; /* for all below */
  uv_cond_t changed;
  midge_record_list incoming;
  midge_ring bad;                     /* of uint64_t: keys to set aside */
  uint64_t load_after, load_position; /* of what is asked for */
  bool has_load;
  midge_news news;
  uint64_t faults; /* how often `news.fault` has changed */
  bool closing;
};

/* --- Lists of records --- */

static bool reserve(const midge_allocator *allocator, midge_record_list *list,
                    size_t more) {
  if (list->count + more <= list->room) return true;
  size_t room = list->room != 0 ? list->room : ROOM_FIRST;
  while (room < list->count + more) room *= 2;
  midge_waiting_record *records =
      midge_resize(allocator, list->records, list->room * sizeof *records,
                   room * sizeof *records);
  if (records == NULL) return false;
  list->records = records;
  list->room = room;
  return true;
}

static void release(midge_record_list *list, size_t count) {
  for (size_t i = list->first; i < list->first + count; i++)
    midge_buffer_release(list->records[i].buffer);
  list->first += count;
}

static void free_list(midge_record_list *list) {
  release(list, list->count - list->first);
  midge_free(&midge_allocator_default, list->records,
             list->room * sizeof *list->records);
  *list = (midge_record_list){0};
}

static void empty(midge_record_list *list) {
  if (list->room > ROOM_KEPT)
    free_list(list);
  else
    list->first = list->count = 0;
}

static void swap(midge_record_list *a, midge_record_list *b) {
  midge_record_list c = *a;
  *a = *b;
  *b = c;
}

/* --- The keeper's thread --- */

static void tell_fault(midge_keeper *keeper, midge_status status,
                       const midge_explanation *why) {
  uv_mutex_lock(&keeper->mutex);
  bool changed = keeper->news.fault != status;
  if (changed) {
    keeper->news.fault = status;
    keeper->news.why = *why;
    keeper->faults++;
  }
  uv_mutex_unlock(&keeper->mutex);
  if (changed) keeper->ring(keeper->context);
}

/* After a fault. False: there will be no other attempt. */
static bool wait_to_retry(midge_keeper *keeper) {
  uv_mutex_lock(&keeper->mutex);
  bool again = !keeper->closing;
  if (again) uv_cond_timedwait(&keeper->changed, &keeper->mutex, RETRY_NS);
  uv_mutex_unlock(&keeper->mutex);
  return again;
}

/* False: the reactor waits for the end. */
static bool hand_over(midge_keeper *keeper, const midge_page *page) {
  uv_mutex_lock(&keeper->mutex);
  while (keeper->news.has_page && !keeper->closing)
    uv_cond_wait(&keeper->changed, &keeper->mutex);
  bool taken = !keeper->news.has_page;
  if (taken) {
    keeper->news.page = *page;
    keeper->news.has_page = true;
  }
  uv_mutex_unlock(&keeper->mutex);
  if (taken) keeper->ring(keeper->context);
  return taken;
}

/* Whether an attempt went well; else whether there is another one. */
typedef enum midge_outcome { DONE, AGAIN, GIVEN_UP } midge_outcome;

static midge_outcome judge(midge_keeper *keeper, midge_status status,
                           const midge_explanation *why) {
  tell_fault(keeper, status, why);
  if (status == MIDGE_OK) return DONE;
  return wait_to_retry(keeper) ? AGAIN : GIVEN_UP;
}

/* Where the reading of a store is. */
typedef struct midge_reading {
  uint64_t after;  /* the key of the last that was read */
  uint64_t marked; /* that of the newest message in flight */
  size_t weight;   /* of what was handed over */
} midge_reading;

static void weigh(midge_reading *reading, const midge_page *page) {
  for (size_t i = 0; i < page->count; i++)
    reading->weight += sizeof(midge_message) + page->records[i].body.size;
  if (page->count != 0) reading->after = page->records[page->count - 1].key;
}

/* A page of what is behind `after`. False: given up. */
static bool read_page(midge_keeper *keeper, uint64_t after, midge_page *page) {
  midge_outcome outcome;
  do {
    midge_explanation why = {0};
    midge_status status =
        midge_store_read(keeper->store, after, PAGE_BYTES, page, &why);
    if (status != MIDGE_OK) midge_page_free(page);
    outcome = judge(keeper, status, &why);
  } while (outcome == AGAIN);
  return outcome == DONE;
}

/* False: the reactor has not taken it. */
static bool give(midge_keeper *keeper, midge_page *page) {
  bool taken = hand_over(keeper, page);
  if (!taken) midge_page_free(page);
  return taken;
}

static bool is_closing(midge_keeper *keeper) {
  uv_mutex_lock(&keeper->mutex);
  bool closing = keeper->closing;
  uv_mutex_unlock(&keeper->mutex);
  return closing;
}

static bool is_awaited(void *keeper) {
  return !is_closing(keeper);
}

/* False: given up. Who closes does not wait for it, unless there is something
 * to write. */
static bool look_at_tables(midge_keeper *keeper) {
  const midge_interest interest = {is_awaited, keeper};
  midge_outcome outcome;
  do {
    midge_explanation why = {0};
    midge_status status = midge_store_look(keeper->store, &interest, &why);
    if (status == MIDGE_ECLOSED) return false;
    outcome = judge(keeper, status, &why);
  } while (outcome == AGAIN);
  return outcome == DONE;
}

static bool find_marked(midge_keeper *keeper, midge_reading *reading) {
  midge_outcome outcome;
  do {
    midge_explanation why = {0};
    midge_status status =
        midge_store_last_marked(keeper->store, &reading->marked, &why);
    outcome = judge(keeper, status, &why);
  } while (outcome == AGAIN);
  return outcome == DONE;
}

/* The messages of QoS 1 and 2 that are left stay where they are. */
static bool survey(midge_keeper *keeper, midge_reading *reading) {
  midge_survey survey = {.after = reading->after};
  while (!survey.is_over) {
    midge_explanation why = {0};
    midge_status status = midge_store_survey(keeper->store, &survey, &why);
    if (judge(keeper, status, &why) == GIVEN_UP) return false;
    if (is_closing(keeper)) return false;
  }
  reading->after = MIDGE_STORE_FLEETING - 1;
  if (survey.found.count + survey.damaged == 0) return true;
  midge_page page = {
      .absent = survey.found, .damaged = survey.damaged, .goes_on = true};
  return give(keeper, &page);
}

/* True when all was read and taken. */
static bool read_store(midge_keeper *keeper) {
  midge_reading reading = {0};
  if (!look_at_tables(keeper) || !find_marked(keeper, &reading)) return false;
  for (;;) {
    midge_page page;
    if (reading.after < MIDGE_STORE_FLEETING - 1 &&
        reading.after >= reading.marked && reading.weight >= keeper->memory &&
        !survey(keeper, &reading))
      return false;
    if (!read_page(keeper, reading.after, &page)) return false;
    bool is_last = page.count == 0;
    weigh(&reading, &page);
    if (!give(keeper, &page)) return false;
    if (is_last) return true;
  }
}

static bool may_load(const midge_keeper *keeper) {
  return keeper->has_load && keeper->load_position <= keeper->written;
}

/* What is asked for, once everything before it is written. */
static void load(midge_keeper *keeper) {
  midge_page page;
  uv_mutex_lock(&keeper->mutex);
  bool now = may_load(keeper);
  uint64_t after = keeper->load_after;
  if (now) keeper->has_load = false;
  uv_mutex_unlock(&keeper->mutex);
  if (!now || !read_page(keeper, after, &page)) return;
  page.loaded = true;
  (void)give(keeper, &page);
}

/* How many of them go into one transaction. */
static size_t batch_of(const midge_record_list *list) {
  size_t bytes = 0, count = 0;
  for (size_t i = list->first; i < list->count; i++) {
    bytes += list->records[i].body.size;
    if (count == BATCH_RECORDS) break;
    if (count != 0 && bytes > BATCH_BYTES) break;
    count++;
  }
  return count;
}

static void tell_committed(midge_keeper *keeper, uint64_t position) {
  uv_mutex_lock(&keeper->mutex);
  if (position > keeper->news.committed) keeper->news.committed = position;
  uv_mutex_unlock(&keeper->mutex);
  keeper->ring(keeper->context);
}

/* False: given up. */
static bool write_all(midge_keeper *keeper, midge_record_list *list) {
  while (list->first != list->count) {
    midge_explanation why = {0};
    const midge_waiting_record *records = &list->records[list->first];
    size_t count = batch_of(list);
    midge_status status =
        midge_store_write(keeper->store, records, count, &why);
    tell_fault(keeper, status, &why);
    if (status != MIDGE_OK) {
      if (!wait_to_retry(keeper)) return false;
      continue;
    }
    uint64_t position = records[count - 1].position;
    release(list, count);
    keeper->written = position;
    tell_committed(keeper, position);
    load(keeper);
  }
  return true;
}

static bool take_bad(midge_keeper *keeper, uint64_t *key) {
  uv_mutex_lock(&keeper->mutex);
  bool any = keeper->bad.count != 0;
  if (any) {
    *key = *(uint64_t *)midge_ring_at(&keeper->bad, 0);
    midge_ring_pop(&keeper->bad);
  }
  uv_mutex_unlock(&keeper->mutex);
  return any;
}

/* False: given up. What is not set aside now is found again by the next who
 * reads. */
static bool set_aside(midge_keeper *keeper, uint64_t key) {
  midge_outcome outcome;
  do {
    midge_explanation why = {0};
    midge_status status = midge_store_set_aside(keeper->store, &key, 1, &why);
    outcome = judge(keeper, status, &why);
  } while (outcome == AGAIN);
  return outcome == DONE;
}

static void set_bad_aside(midge_keeper *keeper) {
  uint64_t key;
  while (take_bad(keeper, &key))
    if (!set_aside(keeper, key)) return;
}

/* False: the end. */
static bool await_records(midge_keeper *keeper, midge_record_list *list) {
  empty(list);
  uv_mutex_lock(&keeper->mutex);
  while (keeper->incoming.count + keeper->bad.count == 0 && !may_load(keeper) &&
         !keeper->closing)
    uv_cond_wait(&keeper->changed, &keeper->mutex);
  swap(list, &keeper->incoming);
  bool any = list->count + keeper->bad.count != 0 || !keeper->closing;
  uv_mutex_unlock(&keeper->mutex);
  return any;
}

static void run(void *context) {
  midge_keeper *keeper = context;
  midge_record_list list = {0};
  read_store(keeper);
  do {
    set_bad_aside(keeper);
    load(keeper);
  } while (await_records(keeper, &list) && write_all(keeper, &list));
  free_list(&list);
  midge_store_close(keeper->store);
  uv_mutex_lock(&keeper->mutex);
  keeper->news.is_closed = true;
  uv_mutex_unlock(&keeper->mutex);
  keeper->ring(keeper->context);
}

/* --- The reactor's thread --- */

midge_keeper *midge_keeper_start(midge_store *store, size_t memory,
                                 void (*ring)(void *context), void *context) {
  midge_keeper *keeper =
      midge_allocate_zero(&midge_allocator_default, sizeof *keeper);
  if (keeper == NULL) return NULL;
  midge_ring_init(&keeper->bad, &midge_allocator_default, sizeof(uint64_t));
  keeper->store = store;
  keeper->memory = memory;
  keeper->ring = ring;
  keeper->context = context;
  if (uv_mutex_init(&keeper->mutex) != 0) goto Exit;
  if (uv_cond_init(&keeper->changed) != 0) goto ExitMutex;
  if (uv_thread_create(&keeper->thread, run, keeper) == 0) return keeper;

  uv_cond_destroy(&keeper->changed);
ExitMutex:
  uv_mutex_destroy(&keeper->mutex);
Exit:
  midge_free(&midge_allocator_default, keeper, sizeof *keeper);
  return NULL;
}

void midge_keeper_stop(midge_keeper *keeper) {
  midge_keeper_close(keeper);
  uv_thread_join(&keeper->thread);
  midge_page_free(&keeper->news.page);
  free_list(&keeper->collected);
  free_list(&keeper->incoming);
  midge_ring_free(&keeper->bad);
  uv_cond_destroy(&keeper->changed);
  uv_mutex_destroy(&keeper->mutex);
  midge_free(&midge_allocator_default, keeper, sizeof *keeper);
}

void midge_keeper_hear(midge_keeper *keeper, midge_news *news) {
  uv_mutex_lock(&keeper->mutex);
  *news = keeper->news;
  news->fault_changed = keeper->faults != keeper->heard;
  keeper->heard = keeper->faults;
  keeper->news.has_page = false;
  keeper->news.page = (midge_page){0};
  if (news->has_page) uv_cond_signal(&keeper->changed);
  uv_mutex_unlock(&keeper->mutex);
}

/* As for events: what the session was told of cannot be forgotten. */
void midge_keeper_put(midge_keeper *keeper, const midge_record *record) {
  midge_record_list *list = &keeper->collected;
  bool reserved = reserve(&midge_patient_default, list, 1);
  assert(reserved);
  midge_waiting_record *newest = &list->records[list->count++];
  newest->position = keeper->put = record->position;
  newest->key = record->key;
  newest->body = record->body;
  newest->buffer = midge_buffer_hold(record->buffer);
  newest->head_size = (uint8_t)record->head.size;
  midge_slice_copy(newest->head, record->head);
}

void midge_keeper_set_aside(midge_keeper *keeper, uint64_t key) {
  uv_mutex_lock(&keeper->mutex);
  uint64_t *newest = midge_ring_push(&keeper->bad);
  if (newest != NULL) *newest = key; /* else it is read again the next time */
  uv_cond_signal(&keeper->changed);
  uv_mutex_unlock(&keeper->mutex);
}

void midge_keeper_load(midge_keeper *keeper, uint64_t after) {
  uv_mutex_lock(&keeper->mutex);
  keeper->load_after = after;
  keeper->load_position = keeper->put;
  keeper->has_load = true;
  uv_cond_signal(&keeper->changed);
  uv_mutex_unlock(&keeper->mutex);
}

/* False: there is no memory for what is to be appended. */
static bool append(midge_record_list *to, midge_record_list *from) {
  if (to->count == 0) {
    swap(to, from);
    return true;
  }
  if (!reserve(&midge_allocator_default, to, from->count)) return false;
  memcpy(to->records + to->count, from->records,
         from->count * sizeof *from->records);
  to->count += from->count;
  from->count = 0;
  return true;
}

/* Without memory for all of it: the keeper's thread takes what it was given
 * before, and then none is needed. */
void midge_keeper_flush(midge_keeper *keeper) {
  bool done = keeper->collected.count == 0;
  unsigned tries = 0;
  while (!done) {
    uv_mutex_lock(&keeper->mutex);
    done = append(&keeper->incoming, &keeper->collected);
    uv_cond_signal(&keeper->changed);
    uv_mutex_unlock(&keeper->mutex);
    if (!done) midge_be_patient(&tries);
  }
}

void midge_keeper_close(midge_keeper *keeper) {
  midge_keeper_flush(keeper);
  uv_mutex_lock(&keeper->mutex);
  keeper->closing = true;
  uv_cond_signal(&keeper->changed);
  uv_mutex_unlock(&keeper->mutex);
}
