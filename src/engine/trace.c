#include "engine/trace.h"

#include "base/slice.h"
#include "engine/tell.h"

void midge_session_trace(midge_session *session, bool traced) {
  session->traced = traced;
}

/* What the packet points at is not ours: the event has a copy. */
static bool fill(midge_session *session, midge_event *event,
                 const midge_packet *packet) {
  midge_slice bytes = MIDGE_NO_SLICE;
  if (packet->type == MIDGE_SUBSCRIBE) bytes = packet->subscribe.filters;
  if (packet->type == MIDGE_SUBACK) bytes = packet->suback.reasons;
  if (bytes.size == 0) return true;
  event->packet.packet_id = packet->subscribe.packet_id;
  if (packet->type == MIDGE_SUBACK)
    event->packet.packet_id = packet->suback.packet_id;
  midge_buffer *buffer = midge_buffer_new(&session->allocator,
                                          bytes.size + packet->properties.size);
  if (buffer == NULL) return false;
  uint8_t *end = midge_slice_copy(buffer->data, bytes);
  midge_slice_copy(end, packet->properties);
  event->packet.bytes = midge_slice_of(buffer->data, bytes.size);
  event->properties = midge_slice_of(end, packet->properties.size);
  event->buffer = buffer;
  return true;
}

void midge_session_note_packet(midge_session *session,
                               const midge_packet *packet, bool sent) {
  midge_event event = {.type = MIDGE_EVENT_PACKET};
  if (!session->traced) return;
  event.packet.type = packet->type;
  event.packet.sent = sent;
  midge_queued_event *queued = NULL;
  if (fill(session, &event, packet))
    queued = midge_events_push(&session->events, MIDGE_EVENT_PACKET);
  if (queued != NULL) {
    queued->event = event;
    return;
  }
  midge_buffer_release(event.buffer);
  midge_session_fail(session, MIDGE_ENOMEM, NULL);
}
