#include "engine/tell.h"

#include <assert.h>

#include "base/slice.h"

void midge_session_close(midge_session *session, const midge_closing *closing) {
  assert(midge_session_is_connected(session));
  midge_event event = {.type = MIDGE_EVENT_CLOSED};
  event.closed.by = closing->by;
  event.closed.status = closing->status;
  event.closed.reason = closing->reason;
  event.closed.has_reason = closing->has_reason;
  event.closed.lasting = closing->lasting;
  event.closed.retry_ms = MIDGE_NEVER;
  event.closed.text = closing->said;
  event.properties = closing->properties;
  const char *text = closing->text;
  if (text == NULL) text = midge_status_text(closing->status);
  if (closing->said.size == 0) event.closed.text = midge_slice_text(text);
  event.buffer = midge_buffer_hold(session->receiver.buffer);
  midge_events_set_closed(&session->events, &event);
  session->state = MIDGE_STATE_CLOSED;
}

void midge_session_fail(midge_session *session, midge_status status,
                        const char *text) {
  if (!midge_session_is_connected(session)) return;
  midge_session_close(
      session,
      &(midge_closing){.by = MIDGE_SIDE_SELF, .status = status, .text = text});
}

const midge_event *midge_session_last_closed(const midge_session *session) {
  return &session->events.closed;
}

void midge_session_rely(midge_session *session,
                        const midge_allocator *patient) {
  assert(session->events.others.room == 0);
  session->events.others.allocator = patient;
}

void midge_session_done(midge_session *session, const midge_done *done) {
  if (done->token == 0) return;
  midge_queued_event *queued =
      midge_events_push(&session->events, MIDGE_EVENT_DONE);
  if (queued == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  queued->event.done.token = done->token;
  queued->event.done.count = done->count != 0 ? done->count : 1;
  queued->event.done.status = done->status;
  queued->event.done.reasons = done->reasons;
  queued->event.done.text = done->text;
  queued->event.done.packet_id = done->packet_id;
  if (done->buffer != NULL)
    queued->event.buffer = midge_buffer_hold(done->buffer);
  if (done->answer == NULL) return;
  queued->event.properties = done->answer->properties;
  queued->event.buffer = midge_buffer_hold(session->receiver.buffer);
}
