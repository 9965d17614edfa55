#include "link/stream.h"

#include "engine/dispatch.h"

enum {
  SLICES_MAX = 256,           /* of the session's output in one step */
  BACKLOG_MAX = 1024 * 1024,  /* of answers the server does not read */
  PUBLISH_OVERHEAD = 16,      /* bytes of PUBLISH beside topic and payload */
  HELD_MAX = 4 * 1024 * 1024, /* of messages, while an answer is awaited */
  LINGER_MS = 250, /* how long a server is given to close its side after ours:
                      closing before would reset the connection, and
                      DISCONNECT might be lost with it */
};

static bool has_session(const midge_link *link) {
  return link->phase == MIDGE_PHASE_LINKED ||
         link->phase == MIDGE_PHASE_CLOSING;
}

bool midge_stream_pass_up(midge_link *link) {
  bool progress = false;
  midge_slice bytes;
  while (has_session(link) && midge_stack_input(&link->stack, &bytes)) {
    midge_session_received(link->session, bytes);
    midge_stack_taken(&link->stack, bytes.size);
    progress = true;
  }
  return progress;
}

uint8_t *midge_stream_room(midge_link *link, size_t most, size_t *size) {
  if (link->stack.count != 0 || link->phase != MIDGE_PHASE_LINKED) return NULL;
  return midge_session_room(link->session, most, size);
}

bool midge_stream_has_ended(const midge_link *link) {
  midge_filter_state state = midge_stack_state(&link->stack);
  return state == MIDGE_FILTER_FAILED || state == MIDGE_FILTER_CLOSED;
}

void midge_stream_written(midge_link *link, size_t size) {
  link->is_stuck = false;
  if (size == 0) return;
  if (link->stack.count != 0)
    midge_stack_sent(&link->stack, size);
  else
    midge_session_sent(link->session, size);
}

/* --- Output --- */

/* Give the filters what the session has, as much as they take. */
static void pass_down(midge_link *link) {
  midge_slice slices[SLICES_MAX];
  while (has_session(link)) {
    size_t count = midge_session_output(link->session, slices, SLICES_MAX);
    if (count == 0) break;
    size_t size = midge_stack_write(&link->stack, slices, count);
    if (size == 0) return;
    midge_session_sent(link->session, size);
  }
  if (link->phase == MIDGE_PHASE_CLOSING) midge_stack_close(&link->stack);
}

size_t midge_link_output(midge_link *link, midge_slice *slices, size_t count) {
  if (link->stack.count != 0) {
    pass_down(link);
    return midge_stack_output(&link->stack, slices, count);
  }
  if (!has_session(link)) return 0;
  return midge_session_output(link->session, slices, count);
}

bool midge_link_output_stays(const midge_link *link) {
  return link->stack.count == 0;
}

bool midge_link_is_shut(midge_link *link) {
  midge_slice slice;
  if (link->phase != MIDGE_PHASE_CLOSING) return false;
  if (link->is_shut) return true;
  if (midge_link_output(link, &slice, 1) != 0) return false;
  if (midge_session_backlog(link->session) != 0) return false;
  link->is_shut = true;
  midge_time linger = link->now + LINGER_MS;
  if (linger < link->phase_until) link->phase_until = linger;
  return true;
}

/* --- Reading --- */

/* What waits because the program published it is no reason to stop reading: a
 * server that will not read before we do would wait with us for ever. */
static bool is_backlogged(const midge_link *link) {
  size_t ours = link->queued.bytes + link->queued.messages * PUBLISH_OVERHEAD;
  return midge_session_backlog(link->session) > BACKLOG_MAX + ours;
}

/* A program that takes no messages may wait for an answer that stands behind
 * them: while it has none, more is read. */
static size_t held_max_of(const midge_link *link) {
  bool awaits = link->queued.messages != 0;
  return awaits && link->held_max < HELD_MAX ? HELD_MAX : link->held_max;
}

/* A program that has fallen behind holds the server back, but not the answer
 * to CONNECT: attempt after attempt would fail for want of it. */
static bool is_held_back(const midge_link *link) {
  if (link->opened_at == MIDGE_NEVER) return false;
  return link->is_paused ||
         midge_session_held(link->session) > held_max_of(link);
}

bool midge_link_reading(midge_link *link) {
  if (link->phase != MIDGE_PHASE_LINKED)
    return midge_link_attempt(link) != 0 &&
           link->phase != MIDGE_PHASE_DIALING && !link->is_stuck;
  bool on = !is_held_back(link) && !is_backlogged(link);
  if (on != link->is_reading) midge_session_paused(link->session, !on);
  link->is_reading = on;
  return on && !link->is_stuck;
}
