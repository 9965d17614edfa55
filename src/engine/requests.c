#include "engine/requests.h"

#include <assert.h>
#include <string.h>

#include "base/slice.h"

void midge_requests_init(midge_requests *requests,
                         const midge_allocator *allocator) {
  *requests = (midge_requests){.allocator = allocator};
}

void midge_requests_free(midge_requests *requests) {
  while (requests->first != NULL) {
    requests->first->owner.packet_id = 0;
    midge_requests_remove(requests, requests->first);
  }
}

midge_request *midge_request_new(midge_requests *requests,
                                 midge_packet_type type, size_t filters_size,
                                 size_t properties_size) {
  midge_request *request = midge_allocate(
      requests->allocator, sizeof *request + filters_size + properties_size);
  if (request == NULL) return NULL;
  memset(request, 0, sizeof *request);
  request->owner.kind = MIDGE_OWNER_REQUEST;
  request->owner.sent_by = request->owner.answered_by = MIDGE_NEVER;
  request->type = type;
  request->due = MIDGE_NEVER;
  request->filters_size = filters_size;
  request->properties_size = properties_size;
  return request;
}

static void unjoin(midge_requests *requests, midge_request *request) {
  midge_join join;
  while (midge_requests_take_join(requests, request, &join)) continue;
  midge_buffer_release(request->answers);
  request->answers = NULL;
  request->awaited = 0;
  request->status = MIDGE_OK;
}

void midge_request_free(midge_requests *requests, midge_request *request) {
  unjoin(requests, request);
  midge_free(
      requests->allocator, request,
      sizeof *request + request->filters_size + request->properties_size);
}

/* Its part in the books, which is taken in or out. */
static void count(midge_requests *requests, const midge_request *request,
                  bool in) {
  size_t size = request->filters_size + request->properties_size;
  size_t one = in ? 1 : (size_t)-1;
  if (request->origin == MIDGE_REQUEST_RENEWS) requests->renewals += one;
  if (request->type == MIDGE_UNSUBSCRIBE) requests->unsubscribes += one;
  if (request->origin != MIDGE_REQUEST_WISHED) return;
  requests->count += one;
  requests->bytes += in ? size : (size_t)0 - size;
  if (!in && request->ended) requests->ended--;
}

void midge_requests_add(midge_requests *requests, midge_request *request) {
  count(requests, request, true);
  request->previous = requests->last;
  if (requests->last != NULL) requests->last->next = request;
  if (requests->first == NULL) requests->first = request;
  requests->last = request;
  if (requests->unsent == NULL) requests->unsent = request;
}

void midge_requests_insert(midge_requests *requests, midge_request *behind,
                           midge_request *request) {
  count(requests, request, true);
  midge_request *next = behind == NULL ? requests->first : behind->next;
  assert(next == NULL || !next->shown);
  request->previous = behind;
  request->next = next;
  if (behind != NULL) behind->next = request;
  if (behind == NULL) requests->first = request;
  if (next != NULL) next->previous = request;
  if (next == NULL) requests->last = request;
  if (requests->unsent == next) requests->unsent = request;
}

/* The next that may be late: all wait as long, so those behind come later. */
static void skip_awaited(midge_requests *requests) {
  midge_request *next = requests->awaited->next;
  while (next != NULL && next->shown && next->due == MIDGE_NEVER)
    next = next->next;
  requests->awaited = next != NULL && next->shown ? next : NULL;
}

void midge_requests_remove(midge_requests *requests, midge_request *request) {
  assert(request->owner.packet_id == 0);
  if (requests->awaited == request) skip_awaited(requests);
  if (request->previous != NULL) request->previous->next = request->next;
  if (request->next != NULL) request->next->previous = request->previous;
  if (requests->first == request) requests->first = request->next;
  if (requests->last == request) requests->last = request->previous;
  if (requests->unsent == request) requests->unsent = request->next;
  count(requests, request, false);
  midge_request_free(requests, request);
}

void midge_requests_sent(midge_requests *requests, midge_time due) {
  midge_request *request = requests->unsent;
  assert(request != NULL);
  request->shown = true;
  request->due = due;
  requests->unsent = request->next;
  if (requests->awaited == NULL && due != MIDGE_NEVER)
    requests->awaited = request;
}

void midge_requests_end(midge_requests *requests, midge_request *request) {
  assert(request->shown && !request->ended);
  assert(request->origin == MIDGE_REQUEST_WISHED);
  if (requests->awaited == request) skip_awaited(requests);
  request->ended = true;
  request->due = MIDGE_NEVER;
  requests->ended++;
}

void midge_requests_rewind(midge_requests *requests) {
  for (midge_request *r = requests->first; r != NULL; r = r->next) {
    assert(!r->ended && r->origin != MIDGE_REQUEST_PART);
    r->due = MIDGE_NEVER;
    r->shown = false;
    unjoin(requests, r);
  }
  requests->unsent = requests->first;
  requests->awaited = NULL;
}

bool midge_request_add_answers(midge_requests *requests,
                               midge_request *request) {
  request->answers = midge_buffer_new(requests->allocator, request->count);
  if (request->answers == NULL) return false;
  memset(request->answers->data, 0, request->count);
  return true;
}

bool midge_requests_join(midge_requests *requests, midge_request *packet,
                         uint32_t from, midge_request *request, uint32_t to) {
  midge_join *join = midge_allocate(requests->allocator, sizeof *join);
  if (join == NULL) return false;
  *join = (midge_join){NULL, request, from, to};
  if (packet->joins == NULL) packet->joins = join;
  if (packet->last_join != NULL) packet->last_join->next = join;
  packet->last_join = join;
  request->awaited++;
  return true;
}

bool midge_requests_take_join(midge_requests *requests, midge_request *packet,
                              midge_join *join) {
  midge_join *taken = packet->joins;
  if (taken == NULL) return false;
  packet->joins = taken->next;
  if (taken->next == NULL) packet->last_join = NULL;
  *join = *taken;
  midge_free(requests->allocator, taken, sizeof *taken);
  return true;
}

midge_packet midge_request_packet(const midge_request *request) {
  midge_packet packet = {.type = request->type};
  packet.properties = midge_slice_of(request->bytes + request->filters_size,
                                     request->properties_size);
  packet.subscribe.packet_id = request->owner.packet_id;
  packet.subscribe.filters =
      midge_slice_of(request->bytes, request->filters_size);
  return packet;
}
