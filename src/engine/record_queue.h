/* Records on their way to the journal. Their keys, by the two highest bits:
 *
 *   00 sequence   a message: its content
 *   01 sequence   the same message's packet identifier, and whether PUBREC came
 *   10 packet id  a QoS 2 message of the server that PUBREL has not ended
 *   11 0          the session itself: that there is one, and its client id */
#ifndef MIDGE_ENGINE_RECORDS_H
#define MIDGE_ENGINE_RECORDS_H

#include "base/buffer.h"
#include "base/ring.h"
#include "midge/session.h"

#define MIDGE_KEY_MARK (UINT64_C(1) << 62)
#define MIDGE_KEY_INBOUND (UINT64_C(2) << 62)
#define MIDGE_KEY_SESSION (UINT64_C(3) << 62)
#define MIDGE_KEY_KINDS (UINT64_C(3) << 62)

typedef struct midge_records {
  const midge_allocator *allocator;
  bool durable;        /* else nothing is ever recorded */
  midge_ring waiting;  /* of struct waiting_record: not shown yet */
  midge_buffer *shown; /* the value handed out last */
  uint64_t written;    /* position of the newest record */
  uint64_t committed;  /* all up to this one are safe */
} midge_records;

void midge_records_init(midge_records *records,
                        const midge_allocator *allocator, bool durable);
void midge_records_free(midge_records *records);

/* Put `value` under `key`, or delete it if `value` is null. The value's holder
 * passes to the records. False when there is no memory: the value is released
 * all the same. Without durability nothing happens, and that is true. */
MIDGE_CHECKED bool midge_records_put(midge_records *records, uint64_t key,
                                     midge_buffer *value);
/* A checksum in front of the bytes, and the bytes behind a good one. */
midge_buffer *midge_record_seal(midge_records *records, midge_slice bytes);
MIDGE_CHECKED bool midge_record_open(midge_slice value, midge_slice *bytes);

bool midge_records_next(midge_records *records, midge_record *record);

static inline bool midge_records_have(const midge_records *records,
                                      uint64_t position) {
  return position <= records->committed;
}

#endif
