#include "engine/cancel.h"

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

static midge_message *message_of(const midge_message_list *list,
                                 uint64_t token) {
  midge_message *message = list->first;
  while (message != NULL && message->token != token) message = message->next;
  return message;
}

static midge_owner *wish_of(const midge_session *session, uint64_t token) {
  const midge_message_list *const lists[] = {&session->outbox.fleeting,
                                             &session->outbox.leaving,
                                             &session->outbox.publishes};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    midge_message *message = message_of(lists[i], token);
    if (message != NULL) return &message->owner;
  }
  midge_request *request = session->requests.first;
  while (request != NULL && (request->token != token || request->ended))
    request = request->next;
  return request == NULL ? NULL : &request->owner;
}

midge_status midge_session_cancel(midge_session *session, uint64_t token) {
  midge_owner *owner = token == 0 ? NULL : wish_of(session, token);
  if (owner == NULL) return MIDGE_EINVAL;
  end(session, owner, MIDGE_ECANCELLED);
  midge_session_settle(session);
  return MIDGE_OK;
}
