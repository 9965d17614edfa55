/* The reader of midge/store.h, for those here that read a store too. */
#ifndef MIDGE_JOURNAL_READER_H
#define MIDGE_JOURNAL_READER_H

#include "journal/place.h"
#include "journal/snapshot.h"
#include "midge/store.h"

MIDGE_CHECKED midge_status midge_reader_open(midge_store_reader **reader,
                                             midge_slice path,
                                             midge_explanation *why);
const midge_place_of_store *midge_reader_place(
    const midge_store_reader *reader);
midge_snapshot *midge_reader_snapshot(midge_store_reader *reader);
/* What was among the records that were read, beside messages. */
typedef struct midge_reader_notes {
  bool has_session;
  uint64_t damaged; /* that nobody has set aside */
} midge_reader_notes;
const midge_reader_notes *midge_reader_noted(const midge_store_reader *reader);

/* Cut to size; nothing when there is no room. */
void midge_explanation_tell(const midge_explanation *why, char *text,
                            size_t size);

#endif
