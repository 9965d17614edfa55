#include "reactor/carrier.h"

#include <string.h>

#include "base/buffer.h"
#include "base/slice.h"

enum {
  SLICES_MAX = 256,         /* of the output in one look */
  CHUNK_MAX = 64 * 1024,    /* bytes of one event */
  SHOWN_MAX = 256 * 1024,   /* that the program has not told as written */
  COMING_MAX = 1024 * 1024, /* on their way in, before reading has to stop */
};

/* --- Events --- */

/* Written where the queue wants it; midge_reactor_push comes next. */
static midge_event *new_event(const midge_carrier *carrier, midge_want want) {
  midge_event *event = midge_reactor_place(carrier->reactor);
  *event = (midge_event){
      .type = MIDGE_EVENT_TRANSPORT,
      .context = carrier->context,
      .origin = carrier->gauge,
      .attempt = carrier->attempt,
  };
  event->transport.want = want;
  return event;
}

static void tell(midge_carrier *carrier, midge_want want) {
  new_event(carrier, want);
  midge_reactor_push(carrier->reactor);
}

/* The event holds its bytes from here on. */
static void tell_bytes(midge_carrier *carrier, midge_want want, uint16_t port,
                       midge_buffer *bytes) {
  midge_event *event = new_event(carrier, want);
  event->buffer = bytes;
  event->transport.bytes = midge_buffer_slice(bytes);
  event->transport.port = port;
  midge_reactor_push(carrier->reactor);
  midge_buffer_release(bytes);
}

/* --- From dialing to the end --- */

bool midge_carrier_dial(midge_carrier *carrier, const midge_place *place) {
  midge_buffer *host = midge_buffer_copy(&carrier->reactor->allocator,
                                         midge_slice_text(place->host));
  if (host == NULL) return false;
  carrier->attempt = place->attempt;
  tell_bytes(carrier, MIDGE_WANT_DIAL, place->port, host);
  return true;
}

void midge_carrier_drop(midge_carrier *carrier) {
  carrier->attempt = 0;
  carrier->is_up = carrier->is_shut = false;
  carrier->shown = 0;
  atomic_store(&carrier->is_reading, true);
}

/* --- What the program tells --- */

static void written(midge_carrier *carrier, size_t size) {
  if (size > carrier->shown) size = carrier->shown;
  carrier->shown -= size;
  MIDGE_TALLY_ADD(carrier->tally->sent, size);
  midge_link_written(carrier->link, carrier->attempt, size);
}

static void put_text(char *to, size_t size, midge_slice text) {
  if (text.size >= size) text.size = size - 1;
  midge_slice_copy((uint8_t *)to, text);
  to[text.size] = '\0';
}

static bool is_by_peer(const char *code) {
  return strcmp(code, "ECONNRESET") == 0 || strcmp(code, "EPIPE") == 0;
}

static void broken(midge_carrier *carrier, const midge_wish *wish) {
  midge_fault fault;
  midge_fault_set(&fault, carrier->is_up ? MIDGE_ELOST : MIDGE_EERRNO, NULL,
                  "the transport broke");
  if (wish->told.code.size != 0)
    put_text(fault.code, sizeof fault.code, wish->told.code);
  if (wish->told.bytes.size != 0)
    put_text(fault.text, sizeof fault.text, wish->told.bytes);
  fault.by_server = is_by_peer(fault.code);
  if (carrier->is_up)
    midge_link_broken(carrier->link, carrier->attempt, &fault);
  else
    midge_link_failed(carrier->link, carrier->attempt, &fault);
}

static void received(midge_carrier *carrier, midge_slice bytes) {
  MIDGE_TALLY_ADD(carrier->tally->received, bytes.size);
  size_t taken = midge_link_received(carrier->link, carrier->attempt, bytes);
  (void)taken; /* all: there are no filters that could be full */
}

void midge_carrier_told(midge_carrier *carrier, const midge_wish *wish) {
  if (wish->type == MIDGE_WISH_RECEIVED)
    atomic_fetch_sub(&carrier->coming, wish->told.bytes.size);
  if (carrier->attempt == 0 || wish->told.attempt != carrier->attempt) return;
  if (wish->type == MIDGE_WISH_BROKEN) {
    broken(carrier, wish);
    return;
  }
  if (wish->type == MIDGE_WISH_DIALED && !carrier->is_up) {
    carrier->is_up = true;
    midge_link_dialed(carrier->link, carrier->attempt);
    return;
  }
  if (!carrier->is_up) return;
  if (wish->type == MIDGE_WISH_RECEIVED) received(carrier, wish->told.bytes);
  if (wish->type == MIDGE_WISH_WRITTEN) written(carrier, wish->told.size);
  if (wish->type == MIDGE_WISH_ENDED)
    midge_link_ended(carrier->link, carrier->attempt);
}

/* --- Writing --- */

/* The first `size` bytes of the slices behind those that were shown before. */
static void gather(uint8_t *to, size_t size, const midge_slice *slices,
                   size_t skip) {
  for (; size != 0; slices++) {
    if (slices->size <= skip) {
      skip -= slices->size;
      continue;
    }
    midge_slice rest = midge_slice_skip(*slices, skip);
    if (rest.size > size) rest.size = size;
    to = midge_slice_copy(to, rest);
    size -= rest.size;
    skip = 0;
  }
}

static size_t size_of(const midge_slice *slices, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += slices[i].size;
  return size;
}

/* The next bytes that were not shown, if there are any. The output does not
 * move until it is written, so those before it are the same as ever. */
static bool write_some(midge_carrier *carrier) {
  midge_slice slices[SLICES_MAX];
  size_t count = midge_link_output(carrier->link, slices, SLICES_MAX);
  size_t size = size_of(slices, count);
  if (size <= carrier->shown || carrier->shown >= SHOWN_MAX) return false;
  size -= carrier->shown;
  if (size > CHUNK_MAX) size = CHUNK_MAX;
  midge_buffer *bytes = midge_buffer_new(&carrier->reactor->allocator, size);
  if (bytes == NULL) return false; /* the next turn tries again */
  gather(bytes->data, size, slices, carrier->shown);
  carrier->shown += size;
  tell_bytes(carrier, MIDGE_WANT_WRITE, 0, bytes);
  return true;
}

void midge_carrier_write(midge_carrier *carrier) {
  if (!carrier->is_up || carrier->is_shut) return;
  while (write_some(carrier)) continue;
}

/* --- Reading --- */

static bool is_open(midge_carrier *carrier) {
  return atomic_load(&carrier->is_reading) &&
         atomic_load(&carrier->coming) < COMING_MAX;
}

/* Both sides write first and look at the other's word after: whichever comes
 * last sees that the other one has already been. */
bool midge_carrier_reading(midge_carrier *carrier) {
  if (is_open(carrier)) return true;
  atomic_store(&carrier->is_awaited, true);
  return is_open(carrier);
}

void midge_carrier_settle(midge_carrier *carrier) {
  if (!carrier->is_up) return;
  if (!carrier->is_shut && midge_link_is_shut(carrier->link)) {
    carrier->is_shut = true;
    tell(carrier, MIDGE_WANT_SHUT);
  }
  midge_link_paused(carrier->link, midge_gauge_pause(carrier->gauge));
  atomic_store(&carrier->is_reading, midge_link_reading(carrier->link));
  if (is_open(carrier) && atomic_exchange(&carrier->is_awaited, false))
    tell(carrier, MIDGE_WANT_READ);
}

bool midge_carrier_is_held_back(const midge_carrier *carrier) {
  return carrier->is_up && !atomic_load(&carrier->is_reading);
}
