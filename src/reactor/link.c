#include "reactor/link.h"

#include <assert.h>

#include "base/slice.h"
#include "reactor/attempt.h"

enum {
  SLICES_MAX = 256,             /* gathered by one write */
  COPY_BYTES = 64 * 1024,       /* of filters' output per waiting write */
  TURN_BYTES = 4 * 1024 * 1024, /* written before others have their turn */
};

midge_link *midge_link_new(uv_loop_t *loop, bool pipe) {
  midge_link *link =
      midge_allocate_zero(&midge_allocator_default, sizeof *link);
  if (link == NULL) return NULL;
  midge_stack_init(&link->stack);
  int error =
      pipe ? uv_pipe_init(loop, &link->pipe, 0) : uv_tcp_init(loop, &link->tcp);
  assert(error == 0); /* no socket is made yet */
  link->handle.data = link;
  return link;
}

static void free_link(uv_handle_t *handle) {
  midge_link *link = handle->data;
  midge_free(&midge_allocator_default, link->copy, COPY_BYTES);
  midge_free(&midge_allocator_default, link->held, MIDGE_READ_BYTES);
  midge_free(&midge_allocator_default, link, sizeof *link);
}

/* Of a write that waits, the system may have taken a part. What is not told
 * to the session would be sent again on the next connection. */
static void settle_write(midge_link *link) {
  if (!link->writing || link->writing_size == 0) return;
  size_t left = uv_stream_get_write_queue_size(&link->stream);
  assert(left <= link->writing_size);
  if (left < link->writing_size)
    midge_session_sent(link->session, link->writing_size - left);
}

void midge_link_drop(midge_link *link) {
  settle_write(link);
  link->dial = NULL;
  link->client = NULL;
  link->session = NULL;
  uv_close(&link->handle, free_link);
  midge_stack_free(&link->stack);
}

void midge_link_begin(midge_link *link, midge_client *client) {
  assert(link->client == NULL);
  link->dial = NULL;
  link->client = client;
}

/* --- Reading --- */

static void lend_buffer(uv_handle_t *handle, size_t suggested,
                        uv_buf_t *buffer) {
  (void)suggested;
  midge_link *link = handle->data;
  uint8_t *bytes = link->client->reactor->read_buffer;
  *buffer = uv_buf_init((char *)bytes, MIDGE_READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  midge_link *link = stream->data;
  if (size > 0)
    midge_link_received(link, midge_slice_of(buffer->base, (size_t)size));
  if (size < 0) midge_attempt_ended(link->client, (int)size);
}

void midge_link_read(midge_link *link, bool on) {
  if (link->held_size != 0) on = false;
  if (on == link->reading) return;
  link->reading = on;
  if (!on) {
    uv_read_stop(&link->stream);
    return;
  }
  int error = uv_read_start(&link->stream, lend_buffer, on_read);
  assert(error == 0); /* it is connected */
}

/* What came through the filters goes to the session. */
bool midge_link_pass_up(midge_link *link) {
  bool progress = false;
  midge_slice bytes;
  while (link->session != NULL && midge_stack_input(&link->stack, &bytes)) {
    midge_session_received(link->session, bytes);
    midge_stack_taken(&link->stack, bytes.size);
    progress = true;
  }
  return progress;
}

/* The filters wait until the socket has taken some of their output. */
static void hold(midge_link *link, midge_slice bytes) {
  assert(bytes.size <= MIDGE_READ_BYTES);
  if (link->held == NULL)
    link->held = midge_allocate(&midge_allocator_default, MIDGE_READ_BYTES);
  assert(link->held != NULL);
  memmove(link->held, bytes.data, bytes.size);
  link->held_size = bytes.size;
  midge_link_read(link, false);
}

static void receive_filtered(midge_link *link, midge_slice bytes) {
  midge_client *client = link->client;
  link->held_size = 0;
  while (bytes.size != 0) {
    size_t taken = midge_stack_received(&link->stack, bytes);
    bytes = midge_slice_skip(bytes, taken);
    bool progress = midge_link_pass_up(link) || taken != 0;
    midge_attempt_filtered(client);
    if (link->client == NULL) return; /* it was dropped meanwhile */
    if (progress || bytes.size == 0) continue;
    hold(link, bytes);
    return;
  }
}

void midge_link_received(midge_link *link, midge_slice bytes) {
  midge_client *client = link->client;
  if (client->phase == MIDGE_PHASE_CLOSING) return;
  midge_client_tick(client);
  if (link->stack.count != 0) {
    receive_filtered(link, bytes);
    return;
  }
  midge_session_received(link->session, bytes);
  midge_client_turn(client);
}

/* --- Writing --- */

static void on_written(uv_write_t *request, int status) {
  midge_link *link = request->data;
  link->writing = false;
  if (link->client == NULL) return; /* dropped: it was settled then */
  /* After an error nobody knows what has left: QoS 0 must not leave twice, and
   * the rest is sent again in any case. */
  if (status != 0) link->shut = true;
  if (link->writing_size != 0)
    midge_session_sent(link->session, link->writing_size);
  link->writing_size = 0;
  midge_attempt_written(link->client);
}

static size_t to_buffers(uv_buf_t *buffers, const midge_slice *slices,
                         size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    buffers[i] = uv_buf_init((char *)slices[i].data, (unsigned)slices[i].size);
    size += slices[i].size;
  }
  return size;
}

/* The output of filters does not stay put: copy some of it. */
static size_t copy_output(midge_link *link, const midge_slice *slices,
                          size_t count) {
  if (link->copy == NULL)
    link->copy = midge_allocate(&midge_allocator_default, COPY_BYTES);
  if (link->copy == NULL) return 0;
  size_t size = 0;
  for (size_t i = 0; i < count && size < COPY_BYTES; i++) {
    midge_slice slice = slices[i];
    if (slice.size > COPY_BYTES - size) slice.size = COPY_BYTES - size;
    midge_slice_copy(link->copy + size, slice);
    size += slice.size;
  }
  return size;
}

/* The socket is full, or others have their turn: the loop goes on with it. The
 * session's output stays put, so a write may wait on it as it is. */
static void write_later(midge_link *link, const midge_slice *slices,
                        size_t count) {
  uv_buf_t buffers[SLICES_MAX];
  if (link->stack.count == 0) {
    link->writing_size = to_buffers(buffers, slices, count);
  } else {
    size_t size = copy_output(link, slices, count);
    if (size != 0) midge_stack_sent(&link->stack, size);
    buffers[0] = uv_buf_init((char *)link->copy, (unsigned)size);
    count = 1;
  }
  link->write.data = link;
  int error = uv_write(&link->write, &link->stream, buffers, (unsigned)count,
                       on_written);
  link->writing = error == 0;
  if (error == 0) return;
  link->shut = true;
  link->writing_size = 0;
}

/* Give the filters what the session has, as much as they take. */
static void pass_down(midge_link *link) {
  midge_slice slices[SLICES_MAX];
  while (link->session != NULL) {
    size_t count = midge_session_output(link->session, slices, SLICES_MAX);
    if (count == 0) return;
    size_t size = midge_stack_write(&link->stack, slices, count);
    if (size == 0) return;
    midge_session_sent(link->session, size);
  }
}

static size_t output(midge_link *link, midge_slice *slices) {
  if (link->stack.count != 0) {
    pass_down(link);
    return midge_stack_output(&link->stack, slices, SLICES_MAX);
  }
  if (link->session == NULL) return 0;
  return midge_session_output(link->session, slices, SLICES_MAX);
}

static void tell_sent(midge_link *link, size_t size) {
  if (link->stack.count != 0)
    midge_stack_sent(&link->stack, size);
  else
    midge_session_sent(link->session, size);
}

void midge_link_write(midge_link *link) {
  midge_slice slices[SLICES_MAX];
  uv_buf_t buffers[SLICES_MAX];
  size_t written = 0;
  while (!link->writing && !link->shut) {
    size_t count = output(link, slices);
    if (count == 0) return;
    to_buffers(buffers, slices, count);
    int result = UV_EAGAIN;
    if (written < TURN_BYTES)
      result = uv_try_write(&link->stream, buffers, (unsigned)count);
    if (result == UV_EAGAIN) {
      write_later(link, slices, count);
    } else if (result < 0) {
      link->shut = true;
    } else {
      tell_sent(link, (size_t)result);
      written += (size_t)result;
    }
  }
}

bool midge_link_is_flushed(midge_link *link) {
  midge_slice slice;
  if (link->writing || midge_session_output(link->session, &slice, 1) != 0)
    return false;
  if (link->stack.count == 0) return true;
  if (!link->goodbye) midge_stack_close(&link->stack);
  link->goodbye = true;
  midge_link_write(link);
  return !link->writing && midge_stack_output(&link->stack, &slice, 1) == 0;
}

static void on_shut(uv_shutdown_t *request, int status) {
  (void)request;
  (void)status; /* the end of the stream, or of patience, decides */
}

void midge_link_shut(midge_link *link) {
  if (link->shut) return;
  link->shut = true;
  int error = uv_shutdown(&link->shutdown, &link->stream, on_shut);
  (void)error; /* not connected any more: reading will say so */
}
