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
  request->type = type;
  request->due = MIDGE_NEVER;
  request->filters_size = filters_size;
  request->properties_size = properties_size;
  return request;
}

void midge_requests_add(midge_requests *requests, midge_request *request) {
  request->previous = requests->last;
  if (requests->last != NULL) requests->last->next = request;
  if (requests->first == NULL) requests->first = request;
  requests->last = request;
  if (requests->unsent == NULL) requests->unsent = request;
}

void midge_requests_insert(midge_requests *requests, midge_request *behind,
                           midge_request *request) {
  assert(requests->unsent == requests->first);
  midge_request *next = behind == NULL ? requests->first : behind->next;
  request->previous = behind;
  request->next = next;
  if (behind != NULL) behind->next = request;
  if (behind == NULL) requests->first = request;
  if (next != NULL) next->previous = request;
  if (next == NULL) requests->last = request;
  requests->unsent = requests->first;
}

void midge_requests_remove(midge_requests *requests, midge_request *request) {
  assert(request->owner.packet_id == 0);
  if (request->previous != NULL) request->previous->next = request->next;
  if (request->next != NULL) request->next->previous = request->previous;
  if (requests->first == request) requests->first = request->next;
  if (requests->last == request) requests->last = request->previous;
  if (requests->unsent == request) requests->unsent = request->next;
  midge_free(
      requests->allocator, request,
      sizeof *request + request->filters_size + request->properties_size);
}

void midge_requests_sent(midge_requests *requests, midge_time due) {
  assert(requests->unsent != NULL);
  requests->unsent->due = due;
  requests->unsent = requests->unsent->next;
}

void midge_requests_rewind(midge_requests *requests) {
  for (midge_request *r = requests->first; r != NULL; r = r->next) {
    assert(!r->ended);
    r->due = MIDGE_NEVER;
  }
  requests->unsent = requests->first;
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
