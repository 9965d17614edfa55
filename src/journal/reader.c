/* What a store holds, message by message: midge/store.h. */
#include "journal/reader.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "engine/parking.h"
#include "engine/records.h"
#include "journal/value.h"

static const char *const names[] = {"waiting", "sent", "released", "received",
                                    "damaged"};

static_assert(sizeof names / sizeof *names == MIDGE_STORED_KINDS, "all");

const char *midge_stored_name(midge_stored_kind kind) {
  return names[kind];
}

void midge_explanation_tell(const midge_explanation *why, char *text,
                            size_t size) {
  if (size != 0) snprintf(text, size, "%s", why->text);
}

/* --- From the beginning to the end --- */

/* Marks lie behind all messages, in the same order; the mark that is next is
 * that of this message or of a later one. */
struct midge_store_reader {
  midge_place_of_store place;
  midge_snapshot snapshot;
  midge_scan records, marks, damaged;
  midge_scanned mark;
  midge_reader_notes notes;
  midge_status status;
  midge_explanation why;
};

midge_status midge_reader_open(midge_store_reader **opened, midge_slice path,
                               midge_explanation *why) {
  midge_store_reader *reader = calloc(1, sizeof *reader);
  why->text[0] = '\0';
  if (reader == NULL) return MIDGE_ENOMEM;
  reader->snapshot.file = -1;
  midge_status status = midge_place_name(&reader->place, path, why);
  if (status == MIDGE_OK)
    status = midge_snapshot_open(&reader->snapshot, reader->place.path,
                                 reader->place.data, why);
  if (status != MIDGE_OK) {
    midge_store_reader_close(reader);
    return status;
  }
  midge_scan_begin(&reader->records, &reader->snapshot, "records", 1);
  midge_scan_begin(&reader->marks, &reader->snapshot, "records",
                   MIDGE_KEY_MARK);
  midge_scan_begin(&reader->damaged, &reader->snapshot, "damaged", 0);
  reader->mark = (midge_scanned){.is_there = true};
  *opened = reader;
  return MIDGE_OK;
}

midge_status midge_store_reader_open(midge_store_reader **reader,
                                     midge_slice path, char *text,
                                     size_t text_size) {
  midge_explanation why;
  midge_status status = midge_reader_open(reader, path, &why);
  midge_explanation_tell(&why, text, text_size);
  return status;
}

void midge_store_reader_close(midge_store_reader *reader) {
  if (reader == NULL) return;
  midge_scan_free(&reader->records);
  midge_scan_free(&reader->marks);
  midge_scan_free(&reader->damaged);
  midge_snapshot_close(&reader->snapshot);
  midge_place_close(&reader->place);
  free(reader);
}

const midge_place_of_store *midge_reader_place(
    const midge_store_reader *reader) {
  return &reader->place;
}

midge_snapshot *midge_reader_snapshot(midge_store_reader *reader) {
  return &reader->snapshot;
}

const midge_reader_notes *midge_reader_noted(const midge_store_reader *reader) {
  return &reader->notes;
}

midge_status midge_store_reader_end(const midge_store_reader *reader,
                                    char *text, size_t text_size) {
  midge_explanation_tell(&reader->why, text, text_size);
  return reader->status;
}

/* --- Messages --- */

/* False: no more of them, or a fault, which is noted. */
static bool scan(midge_store_reader *reader, midge_scan *through,
                 midge_scanned *scanned) {
  if (reader->status == MIDGE_OK)
    reader->status = midge_scan_next(through, scanned, &reader->why);
  if (reader->status != MIDGE_OK) scanned->is_there = false;
  return scanned->is_there;
}

static bool read_mark(midge_store_reader *reader, uint64_t key,
                      midge_mark *mark) {
  midge_scanned *next = &reader->mark;
  midge_slice head, body;
  while (next->is_there && next->key < key) {
    midge_scan_skip(&reader->marks, key);
    scan(reader, &reader->marks, next);
  }
  return next->is_there && next->key == key &&
         midge_value_read(next->value, &head, &body) &&
         midge_mark_read(head, mark);
}

static void note_damage(midge_stored *stored, const midge_scanned *scanned) {
  *stored = (midge_stored){
      .kind = MIDGE_STORED_DAMAGED,
      .key = scanned->key,
      .publish.payload = scanned->value,
  };
}

static bool note_message(midge_store_reader *reader, const midge_record *record,
                         midge_stored *stored) {
  midge_publish *publish = &stored->publish;
  midge_mark mark;
  if (!midge_record_message(record, publish)) return false;
  size_t size = publish->topic.size + publish->payload.size;
  stored->properties = midge_slice_of(record->body.data + publish->topic.size,
                                      record->body.size - size);
  stored->kind = MIDGE_STORED_WAITING;
  if (!read_mark(reader, record->key | MIDGE_KEY_MARK, &mark)) return true;
  stored->packet_id = mark.packet_id;
  stored->kind = mark.state == MIDGE_MESSAGE_RELEASED ? MIDGE_STORED_RELEASED
                                                      : MIDGE_STORED_SENT;
  return true;
}

/* Whose identifier is still the message's has it. */
static bool note_received(const midge_record *record, midge_stored *stored) {
  midge_received_record read;
  bool holds_id = true;
  bool is_kept = (record->key & MIDGE_KEY_KEPT) == MIDGE_KEY_KEPT;
  if (is_kept ? !midge_kept_read(record, &read, &holds_id)
              : !midge_parked_read(record, &read))
    return false;
  stored->kind = MIDGE_STORED_RECEIVED;
  if (holds_id) stored->packet_id = read.publish.publish.packet_id;
  stored->properties = read.publish.properties;
  stored->publish = (midge_publish){
      .topic = read.publish.publish.topic,
      .payload = read.publish.publish.payload,
      .qos = read.publish.publish.qos,
      .retain = read.publish.publish.retain,
  };
  return true;
}

/* False: it is no message. */
static bool note_record(midge_store_reader *reader, const midge_record *record,
                        midge_stored *stored, bool *is_sound) {
  *is_sound = true;
  switch (record->key & MIDGE_KEY_KINDS) {
    case 0:
      *is_sound = note_message(reader, record, stored);
      return true;
    case MIDGE_KEY_INBOUND:
      return note_received(record, stored);
    case MIDGE_KEY_SESSION:
      reader->notes.has_session |= midge_record_is_session(record);
      return false;
    default:
      return false;
  }
}

static bool note(midge_store_reader *reader, const midge_scanned *scanned,
                 midge_stored *stored) {
  midge_record record = {.key = scanned->key};
  *stored = (midge_stored){.key = scanned->key};
  bool is_sound = false, is_message = true;
  if (midge_value_read(scanned->value, &record.head, &record.body))
    is_message = note_record(reader, &record, stored, &is_sound);
  if (is_sound) return is_message;
  note_damage(stored, scanned);
  reader->notes.damaged++;
  return true;
}

bool midge_store_reader_next(midge_store_reader *reader, midge_stored *stored) {
  midge_scanned scanned;
  while (scan(reader, &reader->records, &scanned))
    if (note(reader, &scanned, stored)) return reader->status == MIDGE_OK;
  if (!scan(reader, &reader->damaged, &scanned)) return false;
  note_damage(stored, &scanned);
  return true;
}
