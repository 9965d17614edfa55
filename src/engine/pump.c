#include "engine/pump.h"

#include "engine/abandon.h"
#include "engine/alone.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/fleeting.h"
#include "engine/publish_out.h"
#include "engine/subscribe_out.h"

enum { OUTPUT_ENOUGH = 262144 }; /* show no more messages while it waits */

/* Whether QoS 1 and 2 and requests are still sent. */
static bool is_going_on(const midge_session *session) {
  return session->state == MIDGE_STATE_OPEN || session->patient;
}

/* The oldest of what may go: QoS 0 and requests overtake a full window
 * [MQTT-3.3.4-8]. False when there is nothing. */
static bool show_next(midge_session *session) {
  midge_message *fleeting = midge_session_next_fleeting(session);
  if (!is_going_on(session)) {
    if (fleeting != NULL) midge_session_show_message(session, fleeting);
    return fleeting != NULL;
  }
  bool waits = midge_session_awaits_one(session);
  midge_message *message = waits ? NULL : midge_session_next_publish(session);
  if (message == NULL || (fleeting != NULL && fleeting->key < message->key))
    message = fleeting;
  midge_request *request = waits ? NULL : session->requests.unsent;
  if (midge_packet_ids_full(&session->packet_ids)) request = NULL;
  if (request != NULL && (message == NULL || request->key < message->key)) {
    midge_session_show_request(session);
    return true;
  }
  if (message != NULL) midge_session_show_message(session, message);
  return message != NULL;
}

static bool has_said_all(const midge_session *session) {
  const midge_outbox *outbox = &session->outbox;
  const midge_requests *requests = &session->requests;
  if (outbox->fleeting.first != NULL) return false;
  return !session->patient ||
         (outbox->entry == NULL && outbox->in_flight == outbox->ended &&
          outbox->absent.count == 0 && outbox->behind.first == NULL &&
          requests->count == requests->ended);
}

static void leave(midge_session *session) {
  if (session->ends) midge_session_close_all(session);
  /* Without memory to tell of them the connection has failed by now. */
  if (session->state == MIDGE_STATE_LEAVING)
    midge_session_say_farewell(session);
}

static void pump(midge_session *session) {
  if (session->state == MIDGE_STATE_LEAVING &&
      session->now >= session->patience_due)
    leave(session);
  /* What we send makes the server keep its session, so ours comes first. */
  if (!midge_record_queue_have(&session->records, session->opening)) return;
  midge_session_show_controls(session);
  while (midge_session_is_open(session) &&
         midge_output_backlog(&session->output) < OUTPUT_ENOUGH) {
    if (is_going_on(session)) midge_session_admit(session);
    if (!midge_session_is_open(session) || !show_next(session)) break;
  }
  if (session->state == MIDGE_STATE_LEAVING && has_said_all(session))
    leave(session);
}

void midge_session_note_output(midge_session *session) {
  if (midge_output_backlog(&session->output) == 0)
    session->progress = MIDGE_NEVER;
  else if (session->progress == MIDGE_NEVER)
    session->progress = session->now;
}

void midge_session_settle(midge_session *session) {
  pump(session);
  midge_session_note_output(session);
}
