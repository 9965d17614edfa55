/* The disk of a durable session: slow, sometimes full or failing, and what is
 * on it when the process dies. What depends on a record must not be seen before
 * the record is committed.
 *
 *   records of the link --> log --commit--> file --next process--> link
 *
 * A commit may fail and have happened all the same, or never end; and when the
 * process dies, any number of the oldest records of the log may be in the file
 * yet, for another thread writes them. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "engine/records.h"
#include "journal/value.h"
#include "simulate/model.h"

enum {
  KEY_KIND = 62,
  KEY_MARK = 1,
  KEY_INBOUND = 2,
  KEY_SESSION = 3,
  RETRY_MS = 1000, /* after a commit that failed */
  FULL_MS_MAX = 5000,
};

/* --- The file --------------------------------------------------------------
 */

static kept *make_room(kept_list *list, size_t at) {
  if (list->count == list->room) {
    list->room = list->room == 0 ? 64 : 2 * list->room;
    list->all = realloc(list->all, list->room * sizeof *list->all);
  }
  memmove(&list->all[at + 1], &list->all[at],
          (list->count - at) * sizeof *list->all);
  list->count++;
  return &list->all[at];
}

static void take_out(kept_list *list, size_t at) {
  free(list->all[at].value);
  list->count--;
  memmove(&list->all[at], &list->all[at + 1],
          (list->count - at) * sizeof *list->all);
}

static void empty(kept_list *list) {
  while (list->count > 0) take_out(list, list->count - 1);
}

void disk_remove(world *w, size_t at) {
  take_out(&w->disk.file, at);
}

/* Where the key is, or would be. */
static size_t place_of(const kept_list *file, uint64_t key) {
  size_t at = 0;
  while (at < file->count && file->all[at].key < key) at++;
  return at;
}

size_t disk_place(const world *w, uint64_t key) {
  return place_of(&w->disk.file, key);
}

static void apply(kept_list *file, const kept *change) {
  size_t at = place_of(file, change->key);
  bool there = at < file->count && file->all[at].key == change->key;
  if (there) take_out(file, at);
  if (change->value == NULL) return;
  kept *to = make_room(file, at);
  *to = *change;
  to->value = malloc(change->size);
  memcpy(to->value, change->value, change->size);
}

/* The changes up to `position` are in the file. */
static void write_up_to(disk *d, uint64_t position) {
  for (size_t i = 0; i < d->log.count; i++) {
    if (d->log.all[i].position > position) continue;
    apply(&d->file, &d->log.all[i]);
    /* The session knows what follows from the damage. */
    if (d->log.all[i].key == (uint64_t)KEY_SESSION << KEY_KIND)
      d->stale = false;
  }
}

static void drop_up_to(disk *d, uint64_t position) {
  while (d->log.count > 0 && d->log.all[0].position <= position)
    take_out(&d->log, 0);
}

static midge_record record_of(const world *w, const kept *of) {
  midge_record record = {.position = of->position, .key = of->key};
  bool whole = midge_value_read(midge_slice_of(of->value, of->size),
                                &record.head, &record.body);
  CHECK(w, whole, "record %llx is damaged", (unsigned long long)of->key);
  return record;
}

midge_record disk_record(const world *w, const kept *of) {
  return record_of(w, of);
}

/* --- Commits ---------------------------------------------------------------
 */

static void draw_outcome(world *w) {
  disk *d = &w->disk;
  d->outcome = MIDGE_OK;
  d->commits_at = w->now + world_roll(w, w->weather.disk_ms + 1);
  if (d->commits_at > w->now) world_hit(HIT_slow_disk);
  if (w->now < d->full_until && !w->healed) d->outcome = MIDGE_EFULL;
  if (!world_chance(w, w->weather.disk_fault)) return;
  switch (world_roll(w, 8)) {
    case 0:
      world_hit(HIT_commit_silent);
      d->commits_at = MIDGE_NEVER;
      return;
    case 1:
    case 2:
      world_hit(HIT_disk_full);
      d->full_until = w->now + world_roll(w, FULL_MS_MAX);
      d->outcome = MIDGE_EFULL;
      return;
    case 3:
    case 4:
      world_hit(HIT_commit_failed);
      d->outcome = MIDGE_ESTORE;
      return;
    default:
      world_hit(HIT_commit_uncertain);
      d->outcome = MIDGE_EERRNO;
      return;
  }
}

static void begin_commit(world *w) {
  disk *d = &w->disk;
  if (d->busy || d->written == d->committed) return;
  d->busy = true;
  d->committing = d->written;
  draw_outcome(w);
  bool held = w->plan.on && !w->plan.done && d->commits == w->plan.hold;
  if (held) d->commits_at = MIDGE_NEVER;
  d->commits++;
}

midge_time disk_next(const world *w) {
  midge_time loads_at = absent_next(w);
  return loads_at < w->disk.commits_at ? loads_at : w->disk.commits_at;
}

static void move_commit(world *w) {
  disk *d = &w->disk;
  if (!d->busy || w->now < d->commits_at) return;
  if (d->outcome == MIDGE_OK || d->outcome == MIDGE_EERRNO)
    write_up_to(d, d->committing);
  if (d->outcome != MIDGE_OK) { /* the same is written again */
    midge_time again = w->now + RETRY_MS;
    draw_outcome(w);
    if (d->commits_at < again) d->commits_at = again;
    return;
  }
  drop_up_to(d, d->committing);
  d->committed = d->committing;
  d->busy = false;
  d->commits_at = MIDGE_NEVER;
  for (uint32_t i = 0; i < w->request_count; i++)
    if (w->requests[i].recorded && d->published[i] <= d->committed)
      w->requests[i].taken_back = false;
  midge_link_committed(w->link, d->committed - d->base);
  begin_commit(w);
}

void disk_move(world *w) {
  move_commit(w);
  absent_move(w);
}

/* --- What the link has to say ----------------------------------------------
 */

static void note_mark(disk *d, const midge_record *record, uint64_t position) {
  midge_mark mark;
  if (!midge_mark_read(record->head, &mark)) return;
  bool released = mark.state == MIDGE_MESSAGE_RELEASED;
  uint64_t *marked = &d->marked[mark.packet_id];
  if (mark.packet_id > d->highest) d->highest = mark.packet_id;
  d->released[mark.packet_id] = released ? position : 0;
  if (!released || *marked == 0) *marked = position;
}

/* A message has a record; or, of QoS 0, has none any more, and may leave once
 * that is committed. */
static void note_message(world *w, const midge_record *record,
                         uint64_t position) {
  midge_publish publish;
  disk *d = &w->disk;
  if (midge_record_message(record, &publish)) {
    uint32_t number = payload_number(publish.payload);
    request *r = &w->requests[number];
    CHECK(w, r->qos != MIDGE_AT_MOST_ONCE || w->weather.fleeting,
          "message %u of QoS 0 has a record", number);
    if (r->qos == MIDGE_AT_MOST_ONCE) world_hit(HIT_fleeting);
    d->published[number] = position;
    d->keys[number] = record->key;
    r->recorded = true;
    return;
  }
  for (uint32_t i = 0; i < w->request_count; i++) {
    request *r = &w->requests[i];
    if (d->keys[i] != record->key || r->qos != MIDGE_AT_MOST_ONCE) continue;
    world_hit(HIT_taken_back);
    r->recorded = false;
    r->taken_back = true;
    d->published[i] = position;
  }
}

/* What is recorded again, with more to say, was safe before. */
static void note(world *w, const midge_record *record, uint64_t position) {
  disk *d = &w->disk;
  if (record->key >> KEY_KIND == 0) note_message(w, record, position);
  if (record->key >> KEY_KIND == KEY_MARK) note_mark(d, record, position);
  if (inbox_has(record->key)) inbox_note(w, record, position);
  if (record->key >> KEY_KIND != KEY_INBOUND || inbox_has(record->key)) return;
  uint16_t id = record->key & UINT16_MAX;
  uint64_t *place = &d->received[id];
  if (id > d->highest) d->highest = id;
  bool on = record->head.size != 0;
  d->freed[id] = on ? 0 : position;
  if (!on)
    *place = 0;
  else if (*place == 0)
    *place = position;
}

static void keep(disk *d, const midge_record *record, uint64_t position) {
  kept *newest = make_room(&d->log, d->log.count);
  *newest = (kept){.key = record->key, .position = position};
  if (record->head.size == 0) return;
  newest->size = midge_value_size(record->head, record->body);
  newest->value = malloc(newest->size);
  midge_value_write(newest->value, record->head, record->body);
}

/* What has not left with its connection has its record again. */
static void judge_fleeting(const world *w) {
  if (w->life.running || w->life.ended) return;
  for (uint32_t i = 0; i < w->request_count; i++) {
    const request *r = &w->requests[i];
    if (r->qos != MIDGE_AT_MOST_ONCE || !r->counted || r->gone) continue;
    CHECK(w, !r->stored || r->recorded || r->done,
          "message %u was stored, and is in no file", i);
  }
}

void disk_take(world *w) {
  midge_record record;
  disk *d = &w->disk;
  while (midge_link_record(w->link, &record)) {
    CHECK(w, w->weather.durable, "a record that nobody asked for");
    CHECK(w, d->base + record.position == d->written + 1,
          "a gap in the records");
    d->written++;
    note(w, &record, d->written);
    keep(d, &record, d->written);
    if (process_dies(w)) return;
  }
  judge_fleeting(w);
  absent_ask(w);
  begin_commit(w);
}

/* --- What rests on it ------------------------------------------------------
 */

bool disk_is_safe(const world *w, uint64_t position) {
  return !w->weather.durable ||
         (position != 0 && position <= w->disk.committed);
}

void disk_published(const world *w, uint32_t number, uint16_t id) {
  CHECK(w, disk_is_safe(w, w->disk.published[number]),
        "message %u is sent before it is stored", number);
  CHECK(w, disk_is_safe(w, w->disk.marked[id]),
        "message %u is sent before its identifier is stored", number);
}

/* Of QoS 0: it has no record, or none any more. */
void disk_fleeting(const world *w, uint32_t number) {
  uint64_t position = w->disk.published[number];
  if (position == 0) return;
  CHECK(w, !w->requests[number].recorded && disk_is_safe(w, position),
        "message %u is sent while it is in the file", number);
}

void disk_received(const world *w, uint16_t id) {
  CHECK(w, disk_is_safe(w, w->disk.received[id]),
        "PUBREC %u before it is recorded", id); /* I16 */
}

void disk_released(const world *w, uint16_t id) {
  CHECK(w, disk_is_safe(w, w->disk.released[id]),
        "PUBREL %u before it is recorded", id); /* I17 */
}

void disk_stored(world *w, const midge_event *event) {
  CHECK(w, event->stored.token >= 1 && event->stored.token <= w->request_count,
        "an unknown token");
  uint32_t number = (uint32_t)event->stored.token - 1;
  request *r = &w->requests[number];
  CHECK(w, r->kind == REQUEST_PUBLISH && (r->qos != 0 || w->weather.fleeting),
        "request %u is stored", number);
  CHECK(w, !r->stored && !r->done, "request %u is stored too late", number);
  CHECK(w, disk_is_safe(w, w->disk.published[number]),
        "request %u is told as stored before it is", number);
  r->stored = true;
}

/* What was answered was stored before. */
void disk_done(const world *w, uint32_t number) {
  const request *r = &w->requests[number];
  if (!w->weather.durable || r->kind != REQUEST_PUBLISH) return;
  if (world_qos(w, r) == MIDGE_AT_MOST_ONCE) return;
  CHECK(w, r->stored || r->status != MIDGE_OK, "request %u was never stored",
        number);
}

/* --- The end of a process, and the next ------------------------------------
 */

bool disk_has(const world *w, uint32_t number) {
  midge_publish publish;
  for (size_t i = 0; i < w->disk.file.count; i++) {
    midge_record record = record_of(w, &w->disk.file.all[i]);
    if (midge_record_message(&record, &publish) &&
        payload_number(publish.payload) == number)
      return true;
  }
  return false;
}

/* Up to where the log is in the file. */
static uint64_t draw_end(world *w) {
  disk *d = &w->disk;
  uint64_t left = d->written - d->committed;
  if (left == 0) return d->committed;
  if (w->now < d->full_until || d->outcome == MIDGE_ESTORE) left = 0;
  uint64_t more = w->plan.on ? 0 : world_roll(w, (uint32_t)left + 1);
  if (w->plan.crash == CRASH_KEEPS) more = left;
  if (more != 0) world_hit(HIT_records_kept);
  if (d->committed + more != d->written) world_hit(HIT_records_lost);
  return d->committed + more;
}

/* --- Damage ---------------------------------------------------------------
 */

/* What the message of a mark or of itself is: null if it is none's. */
static request *request_of(world *w, uint64_t key) {
  midge_publish publish;
  const kept_list *file = &w->disk.file;
  key &= ~(UINT64_C(3) << KEY_KIND);
  size_t at = place_of(file, key);
  if (at == file->count || file->all[at].key != key) return NULL;
  midge_record record = record_of(w, &file->all[at]);
  if (!midge_record_message(&record, &publish)) return NULL;
  return &w->requests[payload_number(publish.payload)];
}

/* Of messages that are on their way to us. */
static void forget_inbound(world *w) {
  for (size_t i = 0; i < w->broker.queue_count; i++)
    w->messages[w->broker.queue[i].number].unsure = true;
}

/* Of those that were or are in the inbox nobody knows any more. */
static void forget_kept(world *w) {
  for (uint32_t i = 0; i < w->message_count; i++)
    w->messages[i].unsure |= w->weather.inbox;
}

static bool is_marked(const kept_list *file, uint64_t key) {
  uint64_t mark = key | (uint64_t)KEY_MARK << KEY_KIND;
  size_t at = place_of(file, mark);
  return at < file->count && file->all[at].key == mark;
}

/* A mark is damaged: of this message and of those behind it nobody knows that
 * they were sent, as those in flight are the oldest. */
static void forget_sent(world *w, uint64_t key) {
  for (uint32_t i = 0; i < w->request_count; i++)
    if (w->disk.keys[i] >= key) w->requests[i].sent = false;
}

static void note_damage(world *w, const kept *of) {
  switch (of->key >> KEY_KIND) {
    case KEY_INBOUND:
      forget_inbound(w);
      if (inbox_has(of->key)) w->messages[inbox_number(w, of)].unsure = true;
      if (of->key == (uint64_t)KEY_INBOUND << KEY_KIND) forget_kept(w);
      return;
    case KEY_MARK:
      world_hit(HIT_damaged_in_flight);
      w->monitor.unsure = w->disk.stale = true;
      forget_sent(w, of->key & ~(UINT64_C(3) << KEY_KIND));
      return;
    case KEY_SESSION: /* before MQTT 5 that is all a client can go by */
      if ((of->key & UINT16_MAX) != 0) return; /* a subscription */
      forget_inbound(w);
      w->monitor.unsure = w->disk.stale = true;
      return;
    default:
      request_of(w, of->key)->damaged = true;
      if (!is_marked(&w->disk.file, of->key)) return;
      world_hit(HIT_damaged_in_flight);
      w->monitor.unsure = w->disk.stale = true;
      return;
  }
}

/* One bit of it is another one. */
static void turn_bit(world *w, kept *of) {
  midge_slice head, body;
  uint32_t bit = world_roll(w, (uint32_t)of->size * 8);
  of->value[bit / 8] ^= (uint8_t)(1 << bit % 8);
  bool whole =
      midge_value_read(midge_slice_of(of->value, of->size), &head, &body);
  CHECK(w, !whole, "damage of bit %u is not noticed", bit);
}

/* As the journal: what is damaged is set aside. */
static void damage(world *w) {
  disk *d = &w->disk;
  d->damaged = 0;
  while (d->file.count > 0 && world_chance(w, w->weather.damage)) {
    size_t at = world_roll(w, (uint32_t)d->file.count);
    world_hit(HIT_damaged);
    world_say(w, "disk: record %llx is damaged",
              (unsigned long long)d->file.all[at].key);
    note_damage(w, &d->file.all[at]);
    turn_bit(w, &d->file.all[at]);
    take_out(&d->file, at);
    d->damaged++;
  }
}

static void lose(world *w) {
  disk *d = &w->disk;
  d->lost = world_chance(w, w->weather.lose);
  if (!d->lost) return;
  world_hit(HIT_store_lost);
  world_say(w, "disk: all is lost");
  forget_inbound(w);
  forget_kept(w);
  w->monitor.unsure = true;
  d->stale = false;
  empty(&d->file);
}

/* Somebody takes a message out while no client has the store; what must not be
 * is refused. */
static void discard(world *w) {
  disk *d = &w->disk;
  while (d->file.count > 0 && world_chance(w, w->weather.discard)) {
    size_t at = world_roll(w, (uint32_t)d->file.count);
    uint64_t key = d->file.all[at].key;
    if (key >> KEY_KIND != 0) continue;
    request *r = request_of(w, key);
    bool marked = is_marked(&d->file, key);
    if (marked && r->qos == MIDGE_EXACTLY_ONCE) continue;
    world_hit(HIT_discarded);
    world_say(w, "disk: message %u is discarded", (unsigned)(r - w->requests));
    r->discarded = true;
    take_out(&d->file, at);
    if (!marked) continue;
    at = place_of(&d->file, key | (uint64_t)KEY_MARK << KEY_KIND);
    take_out(&d->file, at);
    monitor_discarded(w, (uint32_t)(r - w->requests));
  }
}

void disk_crash(world *w) {
  disk *d = &w->disk;
  write_up_to(d, draw_end(w));
  empty(&d->log);
  lose(w);
  damage(w);
  discard(w);
  back_crash(w);
  d->base = d->committed = d->committing = ++d->written;
  d->busy = d->knows = false;
  d->commits_at = MIDGE_NEVER;
  d->wanted = false;
  d->inbox_count = 0;
  memset(d->keys, 0, sizeof d->keys);
  memset(d->published, 0, sizeof d->published);
  size_t ids = (size_t)d->highest + 1; /* most are never used */
  memset(d->received, 0, ids * sizeof d->received[0]);
  memset(d->freed, 0, ids * sizeof d->freed[0]);
  memset(d->marked, 0, ids * sizeof d->marked[0]);
  memset(d->released, 0, ids * sizeof d->released[0]);
}

/* The messages come before their marks. */
static void restore_mark(world *w, const midge_record *record) {
  midge_mark mark;
  midge_publish publish;
  const kept_list *file = &w->disk.file;
  uint64_t key = record->key & ~(UINT64_C(3) << KEY_KIND);
  size_t at = place_of(file, key);
  if (at == file->count || file->all[at].key != key) return;
  midge_record content = record_of(w, &file->all[at]);
  bool is_message = midge_record_message(&content, &publish);
  CHECK(w, is_message, "the mark of no message");
  CHECK(w, midge_mark_read(record->head, &mark), "a mark that says nothing");
  monitor_restored(w, mark.packet_id, mark.state == MIDGE_MESSAGE_RELEASED,
                   payload_number(publish.payload));
}

static void restore(world *w, const kept *of) {
  size_t cost;
  disk *d = &w->disk;
  midge_record record = record_of(w, of);
  midge_status status = midge_link_restore(w->link, &record, &cost);
  CHECK(w, status == MIDGE_OK, "record %llx is refused",
        (unsigned long long)of->key);
  if (cost != 0) d->restored++;
  d->restored_bytes += cost;
  if ((of->key & ~(MIDGE_KEY_FLEETING - 1)) == MIDGE_KEY_FLEETING)
    world_hit(HIT_restored_fleeting);
  switch (of->key >> KEY_KIND) {
    case KEY_MARK:
      restore_mark(w, &record);
      return;
    case KEY_INBOUND:
      world_hit(HIT_restored_received);
      return;
    case KEY_SESSION:
      if (record.key << (2) == 0) d->knows = (record.head.data[0] & 1) != 0;
      return;
    default:
      world_hit(HIT_restored);
      return;
  }
}

void disk_open(world *w) {
  disk *d = &w->disk;
  d->commits_at = MIDGE_NEVER;
  d->restored = d->restored_bytes = 0;
  if (!w->weather.durable) return;
  for (size_t i = 0; i < d->file.count; i++) {
    midge_record record = record_of(w, &d->file.all[i]);
    note(w, &record, d->committed);
  }
  size_t at = 0, absent = absent_from(w);
  while (at < absent) restore(w, &d->file.all[at++]);
  for (at = absent_restore(w, at); at < d->file.count; at++)
    restore(w, &d->file.all[at]);
  w->life.told_messages = d->restored;
  w->life.told_bytes = d->restored_bytes;
  midge_link_restored(w->link, &(midge_restored){.messages = d->restored,
                                                 .damaged = d->damaged,
                                                 .stale = d->stale});
}

void disk_free(world *w) {
  empty(&w->disk.file);
  empty(&w->disk.log);
  free(w->disk.file.all);
  free(w->disk.log.all);
}
