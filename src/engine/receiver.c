#include "engine/receiver.h"

#include <assert.h>

#include "base/slice.h"

enum {
  GROWTH = 4,
  LARGE = 32 * 1024, /* bytes that are worth a read of their own */
};

void midge_receiver_init(midge_receiver *receiver,
                         const midge_allocator *allocator) {
  *receiver = (midge_receiver){.allocator = allocator};
}

void midge_receiver_clear(midge_receiver *receiver) {
  midge_buffer_release(receiver->buffer);
  midge_receiver_init(receiver, receiver->allocator);
}

/* Of a large packet a third is copied on the way; its end is as far as it goes.
 */
static size_t room_for(const midge_receiver *receiver, size_t have,
                       size_t more) {
  size_t least = have + more;
  size_t room = GROWTH * have;
  if (room > receiver->packet_size) room = receiver->packet_size;
  return room > least ? room : least;
}

static bool move_to_new_buffer(midge_receiver *receiver, size_t more) {
  midge_slice waiting = midge_receiver_bytes(receiver);
  size_t room = room_for(receiver, waiting.size, more);
  midge_buffer *buffer = midge_buffer_new(receiver->allocator, room);
  if (buffer == NULL) return false;

  midge_slice_copy(buffer->data, waiting);
  midge_buffer_release(receiver->buffer);
  receiver->buffer = buffer;
  receiver->is_lent = false;
  receiver->known_topic = MIDGE_NO_SLICE;
  receiver->begin = 0;
  receiver->end = waiting.size;
  return true;
}

/* Of its buffer. What lies behind bytes that were lent is not ours. */
static size_t room_of(const midge_receiver *receiver) {
  if (receiver->is_lent) return 0;
  return receiver->buffer->size - receiver->end;
}

bool midge_receiver_add(midge_receiver *receiver, midge_slice bytes) {
  bool fits = receiver->buffer != NULL && room_of(receiver) >= bytes.size;
  if (!fits && !move_to_new_buffer(receiver, bytes.size)) return false;

  uint8_t *place = receiver->buffer->data + receiver->end;
  if (bytes.data != place) midge_slice_copy(place, bytes);
  receiver->end += bytes.size;
  return true;
}

static size_t least_of(size_t one, size_t other) {
  return one < other ? one : other;
}

uint8_t *midge_receiver_room(midge_receiver *receiver, size_t most,
                             size_t *size) {
  size_t have = receiver->end - receiver->begin;
  if (receiver->packet_size < have + LARGE) return NULL;
  size_t missing = receiver->packet_size - have;
  *size = least_of(missing, most);
  if (room_of(receiver) < *size && !move_to_new_buffer(receiver, *size))
    return NULL;
  return receiver->buffer->data + receiver->end;
}

void midge_receiver_lend(midge_receiver *receiver, midge_slice bytes,
                         midge_buffer *buffer) {
  assert(receiver->buffer == NULL); /* as long as none wait */
  receiver->buffer = midge_buffer_hold(buffer);
  receiver->is_lent = true;
  receiver->begin = (size_t)(bytes.data - buffer->data);
  receiver->end = receiver->begin + bytes.size;
}

/* Until the fixed header says how long the packet is, byte by byte. */
size_t midge_receiver_missing(const midge_receiver *receiver,
                              midge_slice bytes) {
  if (!midge_receiver_waits(receiver)) return 0;
  size_t have = receiver->end - receiver->begin;
  size_t missing =
      receiver->packet_size > have ? receiver->packet_size - have : 1;
  return missing < bytes.size ? missing : bytes.size;
}

midge_slice midge_receiver_bytes(const midge_receiver *receiver) {
  if (receiver->buffer == NULL) return MIDGE_NO_SLICE;
  return midge_slice_of(receiver->buffer->data + receiver->begin,
                        receiver->end - receiver->begin);
}

void midge_receiver_take(midge_receiver *receiver, size_t size) {
  assert(size <= receiver->end - receiver->begin);
  receiver->begin += size;
  receiver->packet_size = 0;
  if (!midge_receiver_waits(receiver)) midge_receiver_clear(receiver);
}
