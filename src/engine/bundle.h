/* Publishes of QoS 0 that were asked for in one piece: one message in the
 * outbox, which becomes many when a server will not have them all alike. */
#ifndef MIDGE_ENGINE_BUNDLE_H
#define MIDGE_ENGINE_BUNDLE_H

#include "engine/state.h"

/* Where a walk over the records is. */
typedef struct midge_bundle_walk {
  midge_slice rest;
  midge_slice topic; /* of the record before */
} midge_bundle_walk;

typedef struct midge_bundle_record {
  midge_slice topic, payload;
  bool retain;
} midge_bundle_record;

/* False at the end, and where there is no whole record: `rest` is not empty
 * then. */
bool midge_bundle_next(midge_bundle_walk *walk, midge_bundle_record *record);

/* As midge_bundle_check, with the bytes of all topics and payloads. */
MIDGE_CHECKED midge_status midge_bundle_measure(const midge_bundle *bundle,
                                                midge_text_policy text,
                                                size_t *bytes);

/* Show all of it in one piece of the output; false: not in this way. */
MIDGE_CHECKED bool midge_bundle_show(midge_session *session,
                                     midge_message *bundle);
/* One message for each record, in the place of the bundle. */
void midge_bundle_open(midge_session *session, midge_message *bundle);
/* The connection is gone while the bundle was on its way: those that were sent
 * whole have ended, the others wait. */
void midge_bundle_rewind(midge_session *session, midge_message *bundle);

#endif
