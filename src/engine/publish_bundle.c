/* What the program publishes in one piece. */
#include "base/slice.h"
#include "engine/bundle.h"
#include "engine/fleeting.h"
#include "engine/pump.h"

static midge_message *new_bundle(midge_session *session,
                                 const midge_bundle *bundle, uint64_t token) {
  midge_publish whole = {.payload = bundle->records};
  midge_message *message = midge_message_new(&session->allocator, &whole,
                                             MIDGE_NO_SLICE, session->now);
  if (message == NULL) return NULL;
  message->count = bundle->count;
  message->first_token = token;
  message->label = bundle->label;
  message->key = session->next_key;
  session->next_key += bundle->count;
  return message;
}

midge_status midge_session_publish_bundle(midge_session *session,
                                          const midge_bundle *bundle,
                                          uint64_t token) {
  midge_status status = midge_bundle_check(bundle, session->options.text);
  if (status != MIDGE_OK) return status;
  if (token == 0) return MIDGE_EINVAL;
  if (session->state == MIDGE_STATE_LEAVING) return MIDGE_ENOCONN;
  if (midge_session_is_queue_full(session, bundle->records.size) ||
      session->outbox.count + session->requests.count + bundle->count >
          session->options.queue_messages_max)
    return MIDGE_EQUEUE;
  midge_message *message = new_bundle(session, bundle, token);
  if (message == NULL) return MIDGE_ENOMEM;
  midge_outbox_add(&session->outbox, message);
  midge_session_settle(session);
  midge_session_keep_fleeting(session);
  return MIDGE_OK;
}
