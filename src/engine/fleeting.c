#include "engine/fleeting.h"

#include "engine/bundle.h"
#include "engine/records.h"

enum { LEAVING_MAX = 262144 }; /* bytes of messages whose records go at once */

/* --- Records --- */

/* It was never recorded on this connection, nor told to leave. */
static bool is_bare(const midge_message *message) {
  return !message->recorded && message->position == 0;
}

/* Each message of a bundle has a record of its own. */
static midge_message *open(midge_session *session, midge_message *bundle) {
  midge_message *before = bundle->previous;
  midge_bundle_open(session, bundle);
  return before != NULL ? before->next : session->outbox.fleeting.first;
}

/* From here on, until one has a record. Without memory they wait in ours alone,
 * as nobody was told that they are stored. */
static void record_from(midge_session *session, midge_message *message) {
  while (message != NULL && !message->recorded) {
    if (message->count != 0) {
      message = open(session, message);
      continue;
    }
    if (!midge_session_record_message(session, message)) return;
    message = message->next;
  }
}

void midge_session_keep_fleeting(midge_session *session) {
  midge_outbox *outbox = &session->outbox;
  midge_message *first = outbox->fleeting.last;
  if (!session->options.durable_qos_0) return;
  if (first == NULL || !is_bare(first)) return;
  while (first->previous != NULL && is_bare(first->previous))
    first = first->previous;
  midge_message *before = first->previous;
  record_from(session, first);
  if (outbox->unstored_fleeting != NULL) return;
  outbox->unstored_fleeting =
      before != NULL ? before->next : outbox->fleeting.first;
}

void midge_session_keep_rewound(midge_session *session) {
  if (!session->options.durable_qos_0) return;
  for (midge_message *m = session->outbox.fleeting.first;
       m != NULL && !m->recorded; m = m->next)
    m->position = 0;
  record_from(session, session->outbox.fleeting.first);
}

/* --- On their way --- */

/* As many as fill the output: one commit for all of them. */
static void take_records_back(midge_session *session, midge_message *message) {
  size_t bytes = 0;
  for (; message != NULL && message->recorded && bytes < LEAVING_MAX;
       message = message->next) {
    bytes += midge_message_weight(message);
    if (!midge_session_take_back(session, message)) return;
    midge_outbox_told_stored(&session->outbox, message);
  }
}

midge_message *midge_session_next_fleeting(midge_session *session) {
  midge_message *message = session->outbox.fleeting.first;
  if (message == NULL) return NULL;
  if (message->recorded) take_records_back(session, message);
  if (message->recorded) return NULL; /* no memory */
  bool safe = midge_record_queue_have(&session->records, message->position);
  return safe ? message : NULL;
}
