/* A store that is counted and checked from outside: midge/store.h. */
#include <sys/statvfs.h>

#include "journal/reader.h"

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
  return status == MIDGE_OK ? look_at_room(reader, report, why) : status;
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
