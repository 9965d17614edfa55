/* A wish that is taken back. */
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/subscribe_out.h"

static void add_all(midge_session *session, midge_message *first) {
  for (midge_message *m = first; m != NULL; m = m->next)
    midge_tokens_add(&session->tokens, &m->owner);
}

static void keep_tokens(midge_session *session) {
  midge_tokens_keep(&session->tokens);
  add_all(session, session->outbox.fleeting.first);
  add_all(session, session->outbox.leaving.first);
  add_all(session, session->outbox.publishes.first);
  for (midge_request *r = session->requests.first; r != NULL; r = r->next)
    midge_tokens_add(&session->tokens, &r->owner);
}

midge_status midge_session_cancel(midge_session *session, uint64_t token) {
  if (token == 0) return MIDGE_EINVAL;
  if (!session->tokens.kept) keep_tokens(session);
  if (!session->tokens.kept) return MIDGE_ENOMEM;
  midge_owner *owner = midge_tokens_find(&session->tokens, token);
  if (owner == NULL) return MIDGE_EINVAL;
  if (owner->kind == MIDGE_OWNER_MESSAGE)
    midge_session_leave_message(session, (midge_message *)(void *)owner,
                                MIDGE_ECANCELLED);
  else
    midge_session_leave_request(session, (midge_request *)(void *)owner,
                                MIDGE_ECANCELLED);
  midge_session_settle(session);
  return MIDGE_OK;
}
