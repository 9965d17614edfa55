/* What to do. */
#include "engine/session.h"

bool midge_session_event(midge_session *session, midge_event *event) {
  const midge_queued_event *queued = midge_events_next(&session->events);
  if (queued == NULL) return false;
  *event = queued->event;
  event->context = session->options.context;
  midge_session_handed_out(session, queued);
  midge_session_settle(session);
  return true;
}

bool midge_session_record(midge_session *session, midge_record *record) {
  return midge_records_next(&session->records, record);
}

size_t midge_session_output(const midge_session *session, midge_slice *slices,
                            size_t count) {
  return midge_output_look(&session->output, slices, count);
}

size_t midge_session_backlog(const midge_session *session) {
  return midge_output_backlog(&session->output);
}

midge_time midge_session_deadline(const midge_session *session) {
  if (midge_events_wait(&session->events)) return session->now;
  if (session->records.waiting.count != 0) return session->now;
  return midge_session_next_time(session);
}

size_t midge_session_unfinished(const midge_session *session) {
  return session->outbox.count;
}
