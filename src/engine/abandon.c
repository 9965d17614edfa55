#include "engine/abandon.h"

#include "engine/publish_out.h"
#include "engine/subscribe_out.h"

/* What the journal alone has stays there. */
void midge_session_close_acknowledged(midge_session *session) {
  while (session->outbox.publishes.first != NULL)
    midge_session_finish_message(session, session->outbox.publishes.first,
                                 MIDGE_ECLOSED, NULL);
  while (session->outbox.behind.first != NULL)
    midge_session_finish_message(session, session->outbox.behind.first,
                                 MIDGE_ECLOSED, NULL);
  while (session->requests.first != NULL)
    midge_session_finish_request(session, session->requests.first,
                                 MIDGE_ECLOSED, NULL);
}

void midge_session_close_all(midge_session *session) {
  while (session->outbox.fleeting.first != NULL)
    midge_session_finish_message(session, session->outbox.fleeting.first,
                                 MIDGE_ECLOSED, NULL);
  midge_session_close_acknowledged(session);
}

void midge_session_abandon(midge_session *session) {
  session->records.durable = false; /* what is written stays written */
  midge_session_close_all(session);
  midge_outbox_forget_absent(&session->outbox);
  while (session->outbox.leaving.first != NULL)
    midge_session_finish_message(session, session->outbox.leaving.first,
                                 MIDGE_ECLOSED, NULL);
}
