/* A store that is counted and checked from outside: midge/store.h. */
#include <sys/statvfs.h>

#include "journal/pages.h"
#include "journal/reader.h"

enum { LOOKS = 3 }; /* at the tables of a file that is written to */

static void count(midge_store_report *report, const midge_stored *stored) {
  const midge_publish *publish = &stored->publish;
  report->kinds[stored->kind].messages++;
  report->kinds[stored->kind].bytes +=
      publish->topic.size + stored->properties.size + publish->payload.size;
}

static midge_status look_at_room(midge_store_reader *reader,
                                 midge_store_report *report,
                                 midge_explanation *why) {
  struct statvfs found = {0};
  if (statvfs(midge_reader_place(reader)->path, &found) == 0)
    report->bytes_free = (uint64_t)found.f_bavail * found.f_frsize;
  return midge_snapshot_size(midge_reader_snapshot(reader), &report->bytes_used,
                             &report->bytes, why);
}

/* What a client would be refused for. A file that a client writes to may change
 * under a look, which says nothing then. */
static midge_status look_at_tables(midge_store_reader *reader,
                                   midge_store_report *report,
                                   midge_explanation *why) {
  const midge_place_of_store *place = midge_reader_place(reader);
  midge_soundness soundness = MIDGE_PAGES_DAMAGED;
  for (int i = 0; i < LOOKS && soundness != MIDGE_PAGES_SOUND; i++) {
    midge_status status = look_at_room(reader, report, why);
    if (status != MIDGE_OK) return status;
    int error = midge_pages_check(place->data, true, NULL, &soundness);
    if (error != 0)
      return midge_explain_error(why, error, "cannot read the store",
                                 place->path);
    if (midge_snapshot_is_there(midge_reader_snapshot(reader)))
      return midge_pages_refuse(soundness, place->path, why);
  }
  return MIDGE_OK;
}

static midge_status check(midge_store_reader *reader,
                          midge_store_report *report, midge_explanation *why) {
  midge_stored stored;
  long process;
  while (midge_store_reader_next(reader, &stored)) count(report, &stored);
  midge_status status =
      midge_store_reader_end(reader, why->text, sizeof why->text);
  report->has_session = midge_reader_noted(reader)->has_session;
  report->noticed = midge_reader_noted(reader)->damaged;
  report->is_locked =
      midge_place_is_locked(midge_reader_place(reader), &process);
  report->locked_by = (uint32_t)process;
  return status == MIDGE_OK ? look_at_tables(reader, report, why) : status;
}

midge_status midge_store_check(midge_slice path, midge_store_report *report,
                               char *text, size_t text_size) {
  midge_store_reader *reader = NULL;
  midge_explanation why;
  *report = (midge_store_report){0};
  midge_status status = midge_reader_open(&reader, path, &why);
  if (status == MIDGE_OK) status = check(reader, report, &why);
  midge_store_reader_close(reader);
  midge_explanation_tell(&why, text, text_size);
  return status;
}
