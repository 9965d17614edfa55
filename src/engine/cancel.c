#include "engine/cancel.h"

#include "engine/bundle.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/subscribe_out.h"

static void end(midge_session *session, midge_owner *owner,
                midge_status status) {
  if (owner->kind == MIDGE_OWNER_MESSAGE)
    midge_session_end_message(session, (midge_message *)(void *)owner, status);
  else
    midge_session_end_request(session, (midge_request *)(void *)owner, status);
}

static bool is_sent(const midge_owner *owner) {
  if (owner->kind == MIDGE_OWNER_MESSAGE)
    return midge_message_is_known((const midge_message *)(const void *)owner);
  return ((const midge_request *)(const void *)owner)->shown;
}

void midge_session_expire_wishes(midge_session *session) {
  midge_deadlines *deadlines = &session->deadlines;
  while (midge_deadlines_next(deadlines) <= session->now) {
    midge_owner *owner = deadlines->heap[0].owner;
    if (owner->answered_by <= session->now)
      end(session, owner, MIDGE_ETIMEOUT);
    else if (is_sent(owner))
      midge_deadlines_await_answer(deadlines, owner);
    else
      end(session, owner, MIDGE_EEXPIRED);
  }
}

static void add_all(midge_session *session, midge_message *first) {
  for (midge_message *m = first; m != NULL; m = m->next)
    midge_tokens_add(&session->tokens, &m->owner);
}

static void keep_tokens(midge_session *session) {
  midge_tokens_keep(&session->tokens);
  add_all(session, session->outbox.fleeting.first);
  add_all(session, session->outbox.leaving.first);
  add_all(session, session->outbox.publishes.first);
  add_all(session, session->outbox.behind.first);
  for (midge_request *r = session->requests.first; r != NULL; r = r->next)
    midge_tokens_add(&session->tokens, &r->owner);
}

/* The one that waits with this token among others, or null. */
static midge_message *find_bundle(const midge_session *session,
                                  uint64_t token) {
  midge_message *m = session->outbox.fleeting.first;
  while (m != NULL && (m->count == 0 || token - m->first_token >= m->count))
    m = m->next;
  return m;
}

/* Its messages have one fate no longer. */
static void open_bundle_of(midge_session *session, uint64_t token) {
  if (midge_tokens_find(&session->tokens, token) != NULL) return;
  midge_message *bundle = find_bundle(session, token);
  if (bundle != NULL) midge_bundle_open(session, bundle);
}

midge_status midge_session_cancel(midge_session *session, uint64_t token) {
  if (token == 0) return MIDGE_EINVAL;
  if (!session->tokens.kept) keep_tokens(session);
  if (session->tokens.kept) open_bundle_of(session, token);
  if (!session->tokens.kept) return MIDGE_ENOMEM;
  midge_owner *owner = midge_tokens_find(&session->tokens, token);
  if (owner == NULL) return MIDGE_EINVAL;
  end(session, owner, MIDGE_ECANCELLED);
  midge_session_settle(session);
  return MIDGE_OK;
}
