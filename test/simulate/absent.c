/* Messages that a session has no memory for: they stay in the file behind those
 * it has, and are read by pages when it has room, as the keeper of a reactor
 * does. */
#include "engine/records.h"
#include "simulate/model.h"

enum { PAGE_MAX = 5 };

/* Of QoS 1 or 2. */
static bool is_message(uint64_t key) {
  return key < MIDGE_KEY_FLEETING;
}

/* The newest message in flight, which every one before it has to be restored
 * with. */
static uint64_t last_marked(const disk *d) {
  uint64_t newest = 0;
  for (size_t i = 0; i < d->file.count; i++) {
    uint64_t key = d->file.all[i].key;
    if ((key & MIDGE_KEY_KINDS) == MIDGE_KEY_MARK)
      newest = key - MIDGE_KEY_MARK;
  }
  return newest;
}

size_t absent_from(const world *w) {
  const disk *d = &w->disk;
  size_t weight = 0, at = 0;
  uint64_t marked = last_marked(d);
  while (at < d->file.count && is_message(d->file.all[at].key)) {
    bool full = w->weather.memory_max != 0 && weight >= w->weather.memory_max;
    if (full && d->file.all[at].key > marked) return at;
    weight += d->file.all[at++].size;
  }
  return at;
}

size_t absent_restore(world *w, size_t at) {
  disk *d = &w->disk;
  midge_absence absence = {0};
  for (; at < d->file.count && is_message(d->file.all[at].key); at++) {
    const kept *of = &d->file.all[at];
    if (absence.count++ == 0) absence.first = of->key;
    absence.last = of->key;
    absence.bytes += disk_record(w, of).body.size;
    world_hit(HIT_restored_absent);
  }
  if (absence.count == 0) return at;
  midge_link_restore_absent(w->link, &absence);
  d->restored += absence.count;
  d->restored_bytes += absence.bytes;
  return at;
}

/* What is asked for is read once all that was recorded before is written. */
void absent_ask(world *w) {
  disk *d = &w->disk;
  uint64_t first, last;
  if (!midge_link_wants(w->link, &first, &last)) return;
  CHECK(w, !d->wanted, "messages are wanted twice");
  world_hit(HIT_absent);
  world_say(w, "disk: messages are wanted");
  d->wanted = true;
  d->first_wanted = first;
  d->last_wanted = last;
  d->wanted_behind = d->written;
  d->loads_at = w->now + world_roll(w, w->weather.disk_ms + 1);
}

static bool may_load(const disk *d) {
  return d->wanted && d->wanted_behind <= d->committed;
}

midge_time absent_next(const world *w) {
  return may_load(&w->disk) ? w->disk.loads_at : MIDGE_NEVER;
}

/* It is set aside, and nobody will hear of it. */
static void set_aside(world *w, size_t at) {
  disk *d = &w->disk;
  midge_publish publish;
  midge_record record = disk_record(w, &d->file.all[at]);
  bool is_whole = midge_record_message(&record, &publish);
  CHECK(w, is_whole, "a message that says nothing");
  request *r = &w->requests[payload_number(publish.payload)];
  world_hit(HIT_absent_damaged);
  r->damaged = true;
  r->gone = !r->done;
  disk_remove(w, at);
}

void absent_move(world *w) {
  disk *d = &w->disk;
  if (!may_load(d) || w->now < d->loads_at) return;
  d->wanted = false;
  size_t at = disk_place(w, d->first_wanted);
  uint64_t key = d->last_wanted;
  for (uint32_t left = 1 + world_roll(w, PAGE_MAX);
       left > 0 && at < d->file.count; left--) {
    const kept *of = &d->file.all[at];
    key = d->last_wanted;
    if (of->key > key) break;
    if (world_chance(w, w->weather.damage / 3)) {
      set_aside(w, at);
      left++;
      continue;
    }
    key = of->key;
    midge_record record = disk_record(w, of);
    midge_status status = midge_link_load(w->link, &record);
    CHECK(w, status == MIDGE_OK || status == MIDGE_ECLOSED,
          "message %llx is refused", (unsigned long long)key);
    world_hit(HIT_absent_loaded);
    at++;
  }
  midge_link_loaded(w->link, key);
}
