/* Publishes of QoS 0 on their way from JavaScript: lib/outgoing.js writes
 * them as records of a midge_bundle into memory that it shares with us, and
 * one call takes them all. They are of one client at a time; every other call
 * takes them first, so that the order is that of the program.
 *
 *   word 0   how many records there are; 0: nothing waits
 *   word 1   index of the client
 *   word 2   low half of the token of the first, word 3 the high one
 *   word 4   the size of the records
 *   word 5   room(index) leaves here how many messages there is room for
 *   word 6   and how many bytes */
#ifndef MIDGE_ADDON_OUTGOING_H
#define MIDGE_ADDON_OUTGOING_H

#include <node_api.h>

#include "midge/client.h"

typedef struct midge_outgoing {
  napi_ref records_ref, words_ref;
  const uint8_t *records;
  uint32_t *words; /* null until they are set up */
} midge_outgoing;

/* What was taken; the records are JavaScript's to write again from now on, but
 * it does not run before we return. */
typedef struct midge_outgoing_run {
  midge_bundle bundle;
  uint64_t token;
  uint32_t index;
} midge_outgoing_run;

/* `arrays`: records (Uint8Array of MIDGE_BUNDLE_SIZE_MAX bytes) and the words
 * above (Uint32Array). */
void midge_outgoing_set_up(midge_outgoing *outgoing, napi_env env,
                           const napi_value *arrays);
void midge_outgoing_free(midge_outgoing *outgoing, napi_env env);

/* False when nothing waits. */
bool midge_outgoing_take(midge_outgoing *outgoing, midge_outgoing_run *run);
void midge_outgoing_set_room(midge_outgoing *outgoing, midge_room room);

#endif
