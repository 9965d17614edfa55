/* The disk of a durable session: slow, and never forgetful. What depends on a
 * record must not be seen before the record is committed. */
#include "simulate/model.h"

enum { KEY_KIND = 62, KEY_INBOUND = 2 };

void disk_open(world *w) {
  w->disk.commits_at = MIDGE_NEVER;
  if (w->weather.durable) midge_link_restored(w->link, &(midge_restored){0});
}

static void begin_commit(world *w) {
  disk *d = &w->disk;
  if (d->commits_at != MIDGE_NEVER || d->written == d->committed) return;
  d->committing = d->written;
  d->commits_at = w->now + world_roll(w, w->weather.disk_ms + 1);
  if (d->commits_at > w->now) world_hit(HIT_slow_disk);
}

void disk_move(world *w) {
  disk *d = &w->disk;
  if (w->now < d->commits_at) return;
  d->committed = d->committing;
  d->commits_at = MIDGE_NEVER;
  midge_link_committed(w->link, d->committed);
  begin_commit(w);
}

/* What is recorded again, with more to say, was safe before. */
static void note(world *w, const midge_record *record) {
  midge_publish publish;
  if (midge_record_message(record, &publish))
    w->disk.published[payload_number(publish.payload)] = record->position;
  if (record->key >> KEY_KIND != KEY_INBOUND) return;
  uint64_t *place = &w->disk.received[record->key & UINT16_MAX];
  if (record->head.size == 0)
    *place = 0;
  else if (*place == 0)
    *place = record->position;
}

void disk_take(world *w) {
  midge_record record;
  while (midge_link_record(w->link, &record)) {
    CHECK(w, w->weather.durable, "a record that nobody asked for");
    CHECK(w, record.position == w->disk.written + 1, "a gap in the records");
    w->disk.written = record.position;
    note(w, &record);
  }
  begin_commit(w);
}

static bool is_safe(const world *w, uint64_t position) {
  return !w->weather.durable ||
         (position != 0 && position <= w->disk.committed);
}

void disk_published(const world *w, uint32_t number) {
  CHECK(w, is_safe(w, w->disk.published[number]),
        "message %u is sent before it is stored", number);
}

void disk_received(const world *w, uint16_t id) {
  CHECK(w, is_safe(w, w->disk.received[id]), "PUBREC %u before it is recorded",
        id); /* I16 */
}

void disk_stored(world *w, const midge_event *event) {
  CHECK(w, event->stored.token >= 1 && event->stored.token <= w->request_count,
        "an unknown token");
  uint32_t number = (uint32_t)event->stored.token - 1;
  request *r = &w->requests[number];
  CHECK(w, r->kind == REQUEST_PUBLISH && r->qos != 0, "request %u is stored",
        number);
  CHECK(w, !r->stored && !r->done, "request %u is stored too late", number);
  CHECK(w, is_safe(w, w->disk.published[number]),
        "request %u is told as stored before it is", number);
  r->stored = true;
}

/* What was answered was stored before. */
void disk_done(const world *w, uint32_t number) {
  const request *r = &w->requests[number];
  if (!w->weather.durable || r->kind != REQUEST_PUBLISH || r->qos == 0) return;
  CHECK(w, r->stored || r->status != MIDGE_OK, "request %u was never stored",
        number);
}
