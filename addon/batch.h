/* Events on their way to JavaScript: one call takes many.
 *
 * A batch is RECORD_WORDS words for each event in an array of numbers that
 * lib/ and the addon share, all small payloads in one Buffer, and an
 * array of extras for what is rare. lib/batch.js reads it:
 *
 *   word 0   kind | qos << 8 | retain << 10 | duplicate << 11 |
 *            by alias << 12 | proposed << 13 | kept in the inbox << 14
 *   word 1   index of the client
 *   word 2   message: offset of the payload; done, stored: low half of the
 *            token; of the life of a client: the attempt; restored: messages
 *   word 3   message: size of the payload; done, stored: high half of the
 *            token; of the life of a client: the connect that the attempt
 *            serves; restored: damaged records
 *   word 4   message: slot of the topic; done, stored: tokens in a row;
 *            restored: 1 if the store was stale; connecting: the retry;
 *            opened: session present | version << 1 | keep-alive << 16
 *   word 5   message: packet identifier; done, store: the status;
 *            connecting: which server; opened: messages that are sent as new
 *   word 6   message: extra with the payload's own Buffer, 0: the batch's
 *            done: the one reason code plus 1, 0 for none
 *            opened: messages that were dropped
 *   word 7   extra with everything else, 0 for none; of a message its
 *            properties, or if it is kept [delivery, epoch, properties]
 *            opened: the client identifier, or [that, properties]
 *
 * A payload that is kept keeps its Buffer's memory: at most BATCH_BYTES. */
#ifndef MIDGE_ADDON_BATCH_H
#define MIDGE_ADDON_BATCH_H

#include <node_api.h>

#include "midge/session.h"
#include "topics.h"

#define RECORD_WORDS 8
#define RECORDS_MAX 1024
#define BATCH_BYTES 65536       /* payloads that share a Buffer */
#define BATCH_BYTES_OWN 1048576 /* payloads with a Buffer of their own */
#define PAYLOAD_SHARED_MAX 8192 /* larger ones get one of their own */
#define EVENTS_MAX 16384        /* in one batch: many may share a record */
#define RECORDS_SHARED 256      /* while others have little beside one's much */

typedef struct midge_batch {
  napi_ref records_ref, extras_ref, strings_ref;
  uint32_t *records;
  uint32_t count;     /* records in this batch */
  uint32_t events;    /* in this batch; of what was done, tokens */
  const void *client; /* of the last event; as the next one, never followed */
  const void *bulk;   /* the last one of many events in a row */
  uint32_t run;       /* events of `client` in a row */
  uint32_t shared;    /* batches to come that are small, for others' sake */
  uint32_t extra_count;
  size_t staged;              /* bytes of payloads so far */
  size_t own;                 /* bytes of payloads with their own Buffer */
  napi_value extras, strings; /* while a batch is made */
  midge_topics topics;
  uint8_t staging[BATCH_BYTES];
} midge_batch;

/* `arrays`: records (Uint32Array), extras, strings. */
void midge_batch_set_up(midge_batch *batch, napi_env env,
                        const napi_value *arrays);
void midge_batch_free(midge_batch *batch, napi_env env);

void midge_batch_begin(midge_batch *batch, napi_env env);
bool midge_batch_is_full(const midge_batch *batch);
void midge_batch_add(midge_batch *batch, napi_env env,
                     const midge_event *event);
/* How many records there are: what was done without a token leaves none. */
uint32_t midge_batch_end(midge_batch *batch, napi_env env);

#endif
