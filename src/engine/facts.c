/* What happened. */
#include "base/slice.h"
#include "engine/session.h"

void midge_session_settle(midge_session *session) {
  midge_session_pump(session);
  if (midge_output_backlog(&session->output) == 0)
    session->progress = MIDGE_NEVER;
  else if (session->progress == MIDGE_NEVER)
    session->progress = session->now;
}

void midge_session_elapsed(midge_session *session, midge_time now) {
  if (now > session->now) session->now = now;
  midge_session_check_time(session);
  midge_session_settle(session);
}

void midge_session_connected(midge_session *session) {
  if (session->state != MIDGE_STATE_IDLE) return;
  /* Without memory for it, the old answer is the answer to this one too. */
  if (!midge_events_queue_closed(&session->events)) return;
  midge_session_greet(session);
  midge_session_settle(session);
}

void midge_session_received(midge_session *session, midge_slice bytes) {
  if (!midge_session_is_connected(session)) return;
  bool begins = !midge_receiver_waits(&session->receiver);
  if (begins) session->receiver.begun = session->now;
  session->receiver.moved = session->now;
  if (midge_receiver_add(&session->receiver, bytes))
    midge_session_process(session);
  else
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
  midge_session_settle(session);
}

void midge_session_sent(midge_session *session, size_t size) {
  if (size == 0) return;
  midge_output_consume(&session->output, size);
  midge_session_bytes_left(session);
  midge_session_finish_sent(session);
  midge_session_settle(session);
}

void midge_session_paused(midge_session *session, bool paused) {
  if (session->paused && !paused) midge_session_restart_times(session);
  session->paused = paused;
}

void midge_session_committed(midge_session *session, uint64_t position) {
  if (position > session->records.written) position = session->records.written;
  if (position > session->records.committed)
    session->records.committed = position;
  midge_session_settle(session);
}

/* Nothing of the connection is left; of the session what outlives it. */
static void forget_connection(midge_session *session) {
  midge_outbox_rewind(&session->outbox, session->output.sent);
  midge_output_clear(&session->output);
  midge_receiver_clear(&session->receiver);
  midge_ring_clear(&session->controls);
  midge_inbox_rewind(&session->inbox);
  midge_session_rewind_requests(session);
  midge_aliases_reset(&session->aliases_in, 0);
  midge_aliases_reset(&session->aliases_out, 0);
  midge_aliases_reset(&session->aliases_said, UINT16_MAX);
  midge_session_clear_times(session);
  midge_buffer_release(session->farewell);
  session->farewell = NULL;
  session->paused = false;
}

void midge_session_disconnected(midge_session *session, bool by_server) {
  (void)by_server;
  if (session->state == MIDGE_STATE_IDLE) return;
  if (midge_session_is_connected(session))
    midge_session_close(session, &(midge_closing){.by = MIDGE_SIDE_NETWORK,
                                                  .status = MIDGE_ELOST});
  session->state = MIDGE_STATE_IDLE;
  session->closed_at = session->now;
  forget_connection(session);
  if (!session->ends) return;
  midge_session_finish_all(session, MIDGE_ECLOSED);
  midge_session_renew(session);
}
