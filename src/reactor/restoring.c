#include "reactor/restoring.h"

#include "journal/key.h"
#include "reactor/patience.h"

/* One that there was no memory for would be sent after those behind it. */
static midge_status restore_one(midge_link *link, const midge_record *record,
                                size_t *cost) {
  midge_status status;
  unsigned tries = 0;
  while ((status = midge_link_restore(link, record, cost)) == MIDGE_ENOMEM)
    midge_be_patient(&tries);
  return status;
}

static midge_queued take_records(midge_link *link, midge_keeper *keeper,
                                 midge_restored *restored,
                                 const midge_page *page) {
  midge_queued queued = {0, 0};
  for (size_t i = 0; i < page->count; i++) {
    size_t cost;
    const midge_record *record = &page->records[i];
    midge_status status = restore_one(link, record, &cost);
    if (status != MIDGE_OK) {
      midge_keeper_set_aside(keeper, record->key);
      restored->damaged++;
      restored->stale |= midge_store_may_be_in_flight(record->key);
    }
    if (cost == 0) continue;
    queued.messages++;
    queued.bytes += cost;
  }
  return queued;
}

midge_queued midge_restoring_take(midge_link *link, midge_keeper *keeper,
                                  midge_restored *restored,
                                  const midge_page *page) {
  const midge_absence *absent = &page->absent;
  restored->damaged += page->damaged;
  restored->stale |= page->stale;
  midge_queued queued = take_records(link, keeper, restored, page);
  queued.messages += absent->count;
  queued.bytes += absent->count != 0 ? absent->bytes : 0;
  restored->messages += queued.messages;
  if (absent->count != 0)
    midge_link_restore_absent(link, absent);
  else if (page->count == 0 && !page->goes_on)
    midge_link_restored(link, restored);
  return queued;
}

static midge_status load_one(midge_link *link, const midge_record *record) {
  midge_status status;
  unsigned tries = 0;
  while ((status = midge_link_load(link, record)) == MIDGE_ENOMEM)
    midge_be_patient(&tries);
  return status;
}

/* What the page has beyond those that are wanted is none of them. */
size_t midge_restoring_load(midge_link *link, midge_keeper *keeper,
                            uint64_t last, const midge_page *page) {
  uint64_t key = last;
  size_t damaged = page->damaged;
  for (size_t i = 0; i < page->count; i++) {
    const midge_record *record = &page->records[i];
    key = last;
    if (record->key > key) break;
    if (load_one(link, record) == MIDGE_EINVAL) {
      midge_keeper_set_aside(keeper, record->key);
      damaged++;
    }
    key = record->key;
  }
  midge_link_loaded(link, key);
  return damaged;
}
