/* The facts, by a table of phase and fact; and the order of wishes. */
#include <assert.h>

#include "link/attempt.h"
#include "link/desire.h"
#include "link/events.h"
#include "link/link.h"
#include "link/requests.h"
#include "link/stream.h"

/* --- Wishes, in order ------------------------------------------------------
 */

/* While a goodbye is under way, whatever else is wished is meant for after it:
 * the session that says goodbye would not take it, or end it. */
static bool must_wait(const midge_link *link) {
  if (link->is_restoring) return true;
  return link->desire == MIDGE_DESIRE_DOWN && link->phase != MIDGE_PHASE_IDLE &&
         link->phase != MIDGE_PHASE_OVER;
}

/* An answer is to a message that has come: no goodbye is in its way. */
static bool is_answer(const midge_wish *wish) {
  return wish->type == MIDGE_WISH_ACKNOWLEDGE ||
         wish->type == MIDGE_WISH_ANSWER || wish->type == MIDGE_WISH_DELIVERY;
}

static void defer(midge_link *link, const midge_wish *wish) {
  size_t size = midge_wish_size(wish);
  midge_deferred *deferred =
      midge_allocate(link->patient, sizeof *deferred + size);
  assert(deferred != NULL); /* as for events */
  deferred->next = NULL;
  midge_wish_copy((midge_wish *)(void *)deferred->bytes, wish);
  *link->deferred_end = deferred;
  link->deferred_end = &deferred->next;
}

static midge_wish *wish_of(midge_deferred *deferred) {
  return (midge_wish *)(void *)deferred->bytes;
}

static void drop_deferred(midge_link *link, midge_deferred **at) {
  midge_deferred *deferred = *at;
  midge_wish *wish = wish_of(deferred);
  size_t size = wish->size;
  midge_wish_release(wish);
  *at = deferred->next;
  if (deferred->next == NULL) link->deferred_end = at;
  midge_free(link->patient, deferred, sizeof *deferred + size);
}

/* Where the first of these types is, or where the list ends. */
static midge_deferred **find_deferred(midge_link *link, unsigned types) {
  midge_deferred **at = &link->deferred;
  while (*at != NULL && (types & 1U << wish_of(*at)->type) == 0)
    at = &(*at)->next;
  return at;
}

static void make(midge_link *link, const midge_wish *wish) {
  switch (wish->type) {
    case MIDGE_WISH_CONNECT:
      midge_link_connect(link, wish);
      break;
    case MIDGE_WISH_DISCONNECT:
      midge_link_disconnect(link, wish);
      break;
    case MIDGE_WISH_ABORT:
      midge_link_abort(link);
      break;
    case MIDGE_WISH_RECONNECT:
      midge_link_reconnect(link);
      break;
    case MIDGE_WISH_PROCEED:
      midge_link_proceed(link, wish);
      break;
    case MIDGE_WISH_CLOSE:
      if (!midge_link_close(link)) defer(link, wish);
      break;
    default:
      midge_link_request(link, wish);
      break;
  }
}

/* The end of every fact and wish: what waited for a goodbye is made now. */
static void settle(midge_link *link) {
  while (link->deferred != NULL && !must_wait(link)) {
    make(link, wish_of(link->deferred));
    drop_deferred(link, &link->deferred);
  }
}

/* --- A store that is not read yet --- */

enum {
  CONNECTS = 1U << MIDGE_WISH_CONNECT,
  CLOSES = 1U << MIDGE_WISH_CLOSE,
  /* That a store may keep, and somebody waits for. */
  REQUESTS = 1U << MIDGE_WISH_PUBLISH | 1U << MIDGE_WISH_PUBLISH_BUNDLE |
             1U << MIDGE_WISH_SUBSCRIBE | 1U << MIDGE_WISH_UNSUBSCRIBE,
  GOODBYES = 1U << MIDGE_WISH_DISCONNECT | 1U << MIDGE_WISH_ABORT | CLOSES,
};

static bool has_deferred(midge_link *link, unsigned types) {
  return *find_deferred(link, types) != NULL;
}

/* The store stays as it is: requests do not reach the session, whose records
 * would take the places of others. */
static void give_up_restoring(midge_link *link) {
  link->is_restoring = false;
  settle(link);
}

/* Whoever says goodbye before the store is read need not wait for it: what was
 * to connect ends. What was to be kept is, unless the store cannot be read. */
static void part(midge_link *link, const midge_wish *wish) {
  midge_deferred **connect = find_deferred(link, CONNECTS);
  if (*connect != NULL) {
    make(link, wish_of(*connect));
    drop_deferred(link, connect);
  }
  if (wish->type != MIDGE_WISH_CLOSE) {
    make(link, wish);
    return;
  }
  midge_link_abort(link);
  defer(link, wish);
  if (link->store_fault != MIDGE_OK || !has_deferred(link, REQUESTS))
    give_up_restoring(link);
}

void midge_link_store_fault(midge_link *link, midge_status status) {
  if (!link->is_restoring) return;
  link->store_fault = status;
  if (status != MIDGE_OK && has_deferred(link, CLOSES)) give_up_restoring(link);
}

bool midge_link_is_restoring(const midge_link *link) {
  return link->is_restoring;
}

void midge_link_wish(midge_link *link, const midge_wish *wish) {
  if (link->phase == MIDGE_PHASE_OVER) return;
  if (link->is_restoring && (GOODBYES & 1U << wish->type) != 0) {
    part(link, wish);
  } else if (must_wait(link) && (link->is_restoring || !is_answer(wish))) {
    defer(link, wish);
    if (wish->type == MIDGE_WISH_ABORT) midge_link_abort(link);
  } else {
    make(link, wish);
  }
  settle(link);
}

void midge_link_restored(midge_link *link, const midge_restored *restored) {
  midge_event event = midge_link_new_event(link, MIDGE_EVENT_RESTORED);
  event.attempt = event.connect = 0;
  event.restored = *restored;
  midge_link_tell(link, &event);
  midge_session_restored(link->session, restored->stale);
  link->is_restoring = false;
  link->store_fault = MIDGE_OK;
  settle(link);
}

void midge_link_hurry(midge_link *link) {
  midge_link_drain(link);
  if (link->desire == MIDGE_DESIRE_UP) return;
  if (link->phase != MIDGE_PHASE_LINKED) return;
  midge_status status = midge_session_disconnect(
      link->session, MIDGE_REASON_SUCCESS, (midge_properties){0}, 0);
  (void)status; /* of a goodbye under way only the patience changes */
}

/* --- Facts -----------------------------------------------------------------
 */

typedef enum midge_fact {
  FACT_LATE, /* the time of the phase is up */
  FACT_DIALED,
  FACT_FAILED,
  FACT_RECEIVED,
  FACT_WRITTEN,
  FACT_BROKEN,
  FACT_ENDED,
} midge_fact;

enum { FACTS = FACT_ENDED + 1 };

/* What is told with a fact. */
typedef struct midge_told {
  const midge_fault *fault;
  midge_slice bytes;
  midge_buffer *buffer; /* where they lie and stay, or null */
  size_t size;          /* written; or, as the answer, how many were taken */
} midge_told;

typedef void handler(midge_link *link, midge_told *told);

static void late(midge_link *link, midge_told *told) {
  (void)told;
  midge_attempt_late(link);
}

static void next_begins(midge_link *link, midge_told *told) {
  (void)told;
  midge_attempt_begin(link);
}

static void dialed(midge_link *link, midge_told *told) {
  (void)told;
  midge_attempt_dialed(link);
}

static void failed(midge_link *link, midge_told *told) {
  midge_attempt_cut(link, told->fault, false);
}

static void received(midge_link *link, midge_told *told) {
  told->size = midge_attempt_received(link, told->bytes, told->buffer);
}

static void written(midge_link *link, midge_told *told) {
  midge_stream_written(link, told->size);
}

static void broken(midge_link *link, midge_told *told) {
  midge_attempt_broken(link, told->fault);
}

static void ended(midge_link *link, midge_told *told) {
  (void)told;
  midge_attempt_ended(link);
}

/* An empty cell is a fact that cannot be: the driver is wrong. */
static handler *const table[MIDGE_PHASES][FACTS] = {
    [MIDGE_PHASE_WAITING] = {[FACT_LATE] = next_begins},
    [MIDGE_PHASE_DIALING] =
        {[FACT_LATE] = late, [FACT_DIALED] = dialed, [FACT_FAILED] = failed},
    [MIDGE_PHASE_SHAKING] = {[FACT_LATE] = late,
                             [FACT_RECEIVED] = received,
                             [FACT_WRITTEN] = written,
                             [FACT_BROKEN] = broken,
                             [FACT_ENDED] = ended},
    [MIDGE_PHASE_LINKED] = {[FACT_LATE] = late,
                            [FACT_RECEIVED] = received,
                            [FACT_WRITTEN] = written,
                            [FACT_BROKEN] = broken,
                            [FACT_ENDED] = ended},
    [MIDGE_PHASE_CLOSING] = {[FACT_LATE] = late,
                             [FACT_RECEIVED] = received,
                             [FACT_WRITTEN] = written,
                             [FACT_BROKEN] = broken,
                             [FACT_ENDED] = ended},
};

static void tell(midge_link *link, midge_fact fact, midge_told *told) {
  handler *handle = table[link->phase][fact];
  assert(handle != NULL);
  handle(link, told);
  settle(link);
}

/* Of another attempt than the one under way nothing matters any more. */
static bool is_over(const midge_link *link, uint32_t attempt) {
  return attempt == 0 || attempt != midge_link_attempt(link);
}

void midge_link_dialed(midge_link *link, uint32_t attempt) {
  if (is_over(link, attempt)) return;
  tell(link, FACT_DIALED, &(midge_told){0});
}

void midge_link_failed(midge_link *link, uint32_t attempt,
                       const midge_fault *fault) {
  if (is_over(link, attempt)) return;
  tell(link, FACT_FAILED, &(midge_told){.fault = fault});
}

size_t midge_link_received_in(midge_link *link, uint32_t attempt,
                              midge_slice bytes, midge_buffer *buffer) {
  if (is_over(link, attempt)) return bytes.size;
  midge_told told = {.bytes = bytes, .buffer = buffer};
  tell(link, FACT_RECEIVED, &told);
  return told.size;
}

size_t midge_link_received(midge_link *link, uint32_t attempt,
                           midge_slice bytes) {
  return midge_link_received_in(link, attempt, bytes, NULL);
}

uint8_t *midge_link_room(midge_link *link, uint32_t attempt, size_t most,
                         size_t *size) {
  if (is_over(link, attempt)) return NULL;
  return midge_stream_room(link, most, size);
}

void midge_link_written(midge_link *link, uint32_t attempt, size_t size) {
  if (is_over(link, attempt)) return;
  tell(link, FACT_WRITTEN, &(midge_told){.size = size});
}

void midge_link_broken(midge_link *link, uint32_t attempt,
                       const midge_fault *fault) {
  if (is_over(link, attempt)) return;
  tell(link, FACT_BROKEN, &(midge_told){.fault = fault});
}

void midge_link_ended(midge_link *link, uint32_t attempt) {
  if (is_over(link, attempt)) return;
  tell(link, FACT_ENDED, &(midge_told){0});
}

void midge_link_paused(midge_link *link, bool paused) {
  link->is_paused = paused;
}

/* --- Time ------------------------------------------------------------------
 */

static void move_session(midge_link *link, midge_time to) {
  if (to <= link->told) return;
  midge_session_elapsed(link->session, to);
  link->told = to;
}

void midge_link_clock(midge_link *link, midge_time now) {
  if (now > link->now) link->now = now;
  midge_time deadline = midge_session_deadline(link->session);
  if (now >= deadline) now = deadline != 0 ? deadline - 1 : 0;
  move_session(link, now);
}

/* A filter found while it was asked for output that it cannot go on: nothing
 * that comes would show it. */
static bool has_failed_writing(const midge_link *link) {
  return link->phase == MIDGE_PHASE_LINKED &&
         midge_stack_state(&link->stack) == MIDGE_FILTER_FAILED;
}

void midge_link_elapsed(midge_link *link, midge_time now) {
  if (now > link->now) link->now = now;
  /* Also when the clock stands: the deadline may have moved to now. */
  if (midge_session_deadline(link->session) <= link->now) link->told = 0;
  move_session(link, link->now);
  if (has_failed_writing(link)) {
    tell(link, FACT_RECEIVED, &(midge_told){.bytes = MIDGE_NO_SLICE});
    return;
  }
  if (link->now < link->phase_until) return;
  tell(link, FACT_LATE, &(midge_told){0});
}

/* --- Answers ---------------------------------------------------------------
 */

uint32_t midge_link_attempt(const midge_link *link) {
  switch (link->phase) {
    case MIDGE_PHASE_DIALING:
    case MIDGE_PHASE_SHAKING:
    case MIDGE_PHASE_LINKED:
    case MIDGE_PHASE_CLOSING:
      return link->attempt;
    default:
      return 0;
  }
}

bool midge_link_dial(const midge_link *link, midge_place *place) {
  if (link->phase != MIDGE_PHASE_DIALING) return false;
  const midge_url *url = midge_places_current(&link->places);
  if (link->proxy != NULL && url->scheme != MIDGE_SCHEME_UNIX)
    url = link->proxy;
  *place = (midge_place){
      .attempt = link->attempt,
      .host = url->host,
      .port = url->port,
      .local_address = link->local_address,
      .nagle = link->nagle,
      .keeps_alive = link->is_silent,
  };
  return true;
}

midge_time midge_link_deadline(const midge_link *link) {
  if (link->events.count != 0 || has_failed_writing(link)) return link->now;
  if (link->phase == MIDGE_PHASE_OVER) return MIDGE_NEVER;
  midge_time deadline = midge_session_deadline(link->session);
  return link->phase_until < deadline ? link->phase_until : deadline;
}

bool midge_link_is_content(midge_link *link,
                           const midge_arrangement *arrangement) {
  return midge_link_attempt(link) == arrangement->attempt &&
         midge_link_reading(link) == arrangement->reads &&
         midge_link_deadline(link) >= arrangement->wakes_at &&
         !midge_link_is_shut(link);
}

bool midge_link_is_leaving(const midge_link *link) {
  return link->desire == MIDGE_DESIRE_DOWN &&
         (link->phase == MIDGE_PHASE_LINKED ||
          link->phase == MIDGE_PHASE_CLOSING);
}

bool midge_link_is_over(const midge_link *link) {
  return link->phase == MIDGE_PHASE_OVER && link->events.count == 0;
}

size_t midge_link_in_flight(const midge_link *link) {
  return midge_session_in_flight(link->session);
}

midge_round_trips midge_link_round_trips(const midge_link *link) {
  return midge_session_round_trips(link->session);
}
