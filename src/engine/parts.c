#include "engine/parts.h"

#include <string.h>

#include "base/slice.h"
#include "engine/renewals.h"
#include "engine/tell.h"

/* A place among the filters of a request. */
typedef struct walk {
  midge_packet packet;
  midge_slice rest;
  uint32_t at; /* of the filter that was read last, from 1 */
  midge_packet_filter filter;
  midge_slice wire; /* its bytes */
} walk;

static walk walk_of(const midge_request *request) {
  walk w = {.packet = midge_request_packet(request)};
  w.rest = w.packet.subscribe.filters;
  return w;
}

static bool step(walk *w) {
  const uint8_t *begin = w->rest.data;
  if (!midge_filter_next(&w->rest, w->packet.type, &w->filter)) return false;
  w->wire = midge_slice_of(begin, (size_t)(w->rest.data - begin));
  w->at++;
  return true;
}

static uint32_t count_renewed(midge_session *session,
                              const midge_request *request) {
  uint32_t count = 0;
  for (walk w = walk_of(request); step(&w);)
    count += midge_session_renewal_of(session, &w.packet, &w.filter) != NULL;
  return count;
}

static bool join_renewals(midge_session *session, midge_request *request) {
  for (walk w = walk_of(request); step(&w);) {
    const midge_remembered *one =
        midge_session_renewal_of(session, &w.packet, &w.filter);
    if (one == NULL) continue;
    request->answers->data[w.at - 1] = one->granted; /* if it is known */
    if (one->renewal != NULL &&
        !midge_requests_join(&session->requests, one->renewal,
                             one->renewal_place, request, w.at - 1))
      return false;
  }
  return true;
}

/* A renewal that was answered already saves one packet; who asks once more
 * wants one. */
static void use_up(midge_session *session, const midge_request *request) {
  for (walk w = walk_of(request); step(&w);) {
    midge_remembered *one =
        midge_session_renewal_of(session, &w.packet, &w.filter);
    if (one != NULL) one->renewed_on = 0;
  }
}

/* The next that nobody renews. */
static bool step_to_rest(midge_session *session, walk *w) {
  while (step(w))
    if (midge_session_renewal_of(session, &w->packet, &w->filter) == NULL)
      return true;
  return false;
}

static size_t size_of_part(midge_session *session, walk w, uint32_t most) {
  size_t size = 0;
  while (most-- != 0 && step_to_rest(session, &w)) size += w.wire.size;
  return size;
}

/* The next part, with at most so many filters; null when there is no memory. */
static midge_request *take_part(midge_session *session, midge_request *request,
                                walk *w, size_t size, uint32_t most) {
  midge_requests *requests = &session->requests;
  midge_slice properties = w->packet.properties;
  midge_request *part =
      midge_request_new(requests, request->type, size, properties.size);
  if (part == NULL) return NULL;
  part->origin = MIDGE_REQUEST_PART;
  part->key = request->key;
  uint8_t *to = part->bytes;
  while (part->count < most && step_to_rest(session, w)) {
    to = midge_slice_copy(to, w->wire);
    if (!midge_requests_join(requests, part, part->count++, request,
                             w->at - 1)) {
      midge_request_free(requests, part);
      return NULL;
    }
  }
  midge_slice_copy(to, properties);
  return part;
}

static bool make_parts(midge_session *session, midge_request *request,
                       uint32_t most) {
  midge_request *behind = request;
  walk w = walk_of(request);
  size_t size;
  while ((size = size_of_part(session, w, most)) != 0) {
    midge_request *part = take_part(session, request, &w, size, most);
    if (part == NULL) return false;
    midge_requests_insert(&session->requests, behind, part);
    behind = part;
  }
  return true;
}

bool midge_session_divide(midge_session *session, midge_request *request) {
  if (request->origin != MIDGE_REQUEST_WISHED) return false;
  uint32_t most = request->count;
  if (session->options.split_requests &&
      most > session->options.subscribe_batch_max)
    most = session->options.subscribe_batch_max;
  if (count_renewed(session, request) == 0 && most == request->count)
    return false;

  midge_requests_sent(&session->requests,
                      session->now + session->options.reply_timeout_ms);
  if (!midge_request_add_answers(&session->requests, request) ||
      !join_renewals(session, request) || !make_parts(session, request, most))
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
  else
    use_up(session, request);
  return true;
}
