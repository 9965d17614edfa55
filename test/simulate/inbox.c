/* The durable inbox: what comes with QoS 1 and 2 is in the file before it is
 * answered or told, and is told until the program is done with it, always under
 * the same key. */
#include "engine/kept.h"
#include "engine/records.h"
#include "simulate/model.h"

bool inbox_has(uint64_t key) {
  return (key & ~(MIDGE_KEY_FLEETING - 1)) == MIDGE_KEY_KEPT;
}

static uint32_t number_in(const world *w, const midge_record *record) {
  bool holds_id;
  midge_received_record read;
  bool whole = midge_kept_read(record, &read, &holds_id);
  CHECK(w, whole, "a message in the inbox that says nothing");
  return payload_number(read.publish.publish.payload);
}

uint32_t inbox_number(const world *w, const kept *of) {
  midge_record record = disk_record(w, of);
  return number_in(w, &record);
}

static size_t place_of(const disk *d, uint64_t key) {
  size_t at = 0;
  while (at < d->inbox_count && d->inbox[at].key != key) at++;
  return at;
}

static size_t bytes_in(const disk *d) {
  size_t bytes = 0;
  for (size_t i = 0; i < d->inbox_count; i++) bytes += d->inbox[i].size;
  return bytes;
}

/* What is recorded again, with more to say, was safe before. One is let in
 * whatever its size. */
void inbox_note(world *w, const midge_record *record, uint64_t position) {
  disk *d = &w->disk;
  size_t at = place_of(d, record->key);
  if (record->head.size == 0) {
    if (at < d->inbox_count) d->inbox[at] = d->inbox[--d->inbox_count];
    return;
  }
  if (at < d->inbox_count) return;
  CHECK(w, d->inbox_count < INBOX_MAX, "too many messages in the inbox");
  d->inbox[d->inbox_count].key = record->key;
  d->inbox[d->inbox_count].size = sizeof(midge_kept) + record->body.size;
  d->inbox[d->inbox_count++].position = position;
  w->messages[number_in(w, record)].kept_at = position;
  size_t bytes = bytes_in(d), most = w->weather.inbox_max;
  CHECK(w, d->inbox_count == 1 || most == 0 || bytes <= most,
        "%zu bytes in the inbox", bytes);
}

/* One more came, and is owed an answer. */
void inbox_owes(world *w, size_t size) {
  size_t most = w->weather.inbox_max;
  if (most != 0 && w->disk.inbox_count > 0 && bytes_in(&w->disk) + size > most)
    world_hit(HIT_inbox_full);
}

/* I16: of QoS 1 each time it comes, and QoS 2 once. */
void inbox_answered(const world *w, midge_packet_type type, uint16_t id,
                    uint32_t number, uint64_t since) {
  const message *m = &w->messages[number];
  bool is_kept = disk_is_safe(w, m->kept_at);
  if (type == MIDGE_PUBACK)
    CHECK(w, is_kept && m->kept_at > since, "PUBACK %u before it is kept", id);
  else
    CHECK(w, is_kept || disk_is_safe(w, w->disk.received[id]),
          "PUBREC %u before it is kept", id);
}

void inbox_told(world *w, const midge_event *event, uint32_t number) {
  message *m = &w->messages[number];
  uint64_t delivery = event->message.delivery, epoch = event->message.epoch;
  bool is_kept = w->weather.inbox && m->qos != MIDGE_AT_MOST_ONCE;
  CHECK(w, is_kept == (delivery != 0), "message %u has delivery %llu", number,
        (unsigned long long)delivery);
  if (!is_kept) return;
  world_hit(HIT_inbox);
  size_t at = place_of(&w->disk, delivery | MIDGE_KEY_KEPT);
  CHECK(w,
        at < w->disk.inbox_count && disk_is_safe(w, w->disk.inbox[at].position),
        "message %u is told before it is kept", number);
  bool same = m->delivery == delivery && m->epoch == epoch;
  for (uint32_t i = 0; i < w->message_count && epoch != 0; i++) {
    const message *other = &w->messages[i];
    CHECK(w,
          i == number || other->delivery != delivery || other->epoch != epoch,
          "message %u has the key of %u", number, i);
  }
  if (m->told > 0 && m->qos == MIDGE_EXACTLY_ONCE)
    CHECK(w, same || m->unsure, "message %u has another key", number);
  CHECK(w, !same || m->again, "message %u is told twice by a process", number);
  if (same) world_hit(HIT_inbox_again);
  m->delivery = delivery;
  m->epoch = epoch;
}

/* The process is dead: what the next one will find. */
void inbox_crash(world *w) {
  if (!w->weather.inbox) return;
  for (uint32_t i = 0; i < w->message_count; i++) {
    message *m = &w->messages[i];
    m->kept_at = 0;
    if (m->qos != MIDGE_AT_MOST_ONCE) m->again = false;
  }
  for (size_t i = 0; i < w->disk.file.count; i++) {
    const kept *of = &w->disk.file.all[i];
    if (!inbox_has(of->key)) continue;
    message *m = &w->messages[inbox_number(w, of)];
    m->again = m->told > 0;
  }
}

/* The program is done with all of them. */
void inbox_judge(const world *w) {
  for (size_t i = 0; i < w->disk.file.count; i++)
    CHECK(w, !inbox_has(w->disk.file.all[i].key),
          "message %u was acknowledged, and is in the inbox",
          inbox_number(w, &w->disk.file.all[i]));
}
