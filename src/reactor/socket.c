#include "reactor/socket.h"

#include <assert.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/buffer.h"
#include "base/slice.h"

enum {
  SLICES_MAX = 256,       /* gathered by one write */
  COPY_BYTES = 64 * 1024, /* of what does not stay, per waiting write */
};

/* --- From the beginning to the end --- */

midge_socket *midge_socket_new(midge_reactor *reactor, bool is_pipe,
                               const midge_listener *listener, void *context) {
  uv_loop_t *loop = &reactor->loop;
  midge_socket *socket =
      midge_allocate_zero(&reactor->allocator, sizeof *socket);
  if (socket == NULL) return NULL;
  socket->reactor = reactor;
  int error = is_pipe ? uv_pipe_init(loop, &socket->pipe, 0)
                      : uv_tcp_init(loop, &socket->tcp);
  assert(error == 0); /* the system is not asked yet */
  socket->handle.data = socket;
  socket->listener = listener;
  socket->context = context;
  return socket;
}

void midge_socket_listen(midge_socket *socket, const midge_listener *listener,
                         void *context) {
  socket->listener = listener;
  socket->context = context;
  int error = uv_fileno(&socket->handle, &socket->descriptor);
  assert(error == 0); /* it is connected */
}

static void free_write(midge_socket *socket) {
  const midge_allocator *allocator = &socket->reactor->allocator;
  midge_free(allocator, socket->write, sizeof *socket->write);
  midge_free(allocator, socket->copy, COPY_BYTES);
  socket->write = NULL;
  socket->copy = NULL;
}

static void free_socket(uv_handle_t *handle) {
  midge_socket *socket = handle->data;
  free_write(socket);
  midge_free(&socket->reactor->allocator, socket, sizeof *socket);
}

void midge_socket_drop(midge_socket *socket) {
  if (socket->reactor->calm == socket) socket->reactor->calm = NULL;
  midge_socket_leave_near(socket);
  socket->listener = NULL;
  uv_close(&socket->handle, free_socket);
}

/* --- Connecting --- */

/* A request lasts as long as what it asks for, and a socket lasts longer. */
static void *new_request(midge_socket *socket, size_t size) {
  void *request = midge_allocate(&socket->reactor->patient, size);
  assert(request != NULL);
  return request;
}

static void on_connected(uv_connect_t *request, int status) {
  midge_socket *socket = request->data;
  midge_reactor_enter(socket->reactor);
  midge_free(&socket->reactor->allocator, request, sizeof *request);
  if (socket->listener == NULL) return;
  socket->listener->connected(socket->context, socket, status);
}

void midge_socket_connect_pipe(midge_socket *socket, const char *path) {
  uv_connect_t *request = new_request(socket, sizeof *request);
  request->data = socket;
  uv_pipe_connect(request, &socket->pipe, path, on_connected);
}

/* --- Reading --- */

static uv_buf_t place_of(const midge_socket *socket) {
  const midge_listener *listener = socket->listener;
  size_t size;
  uint8_t *place = NULL;
  if (listener->place != NULL) place = listener->place(socket->context, &size);
  if (place == NULL) place = midge_reads_place(&socket->reactor->reads, &size);
  return uv_buf_init((char *)place, (unsigned)size);
}

/* libuv would read on from a socket that is always full, while others wait.
 * Without a buffer it comes back to it in the next round. */
static void lend_buffer(uv_handle_t *handle, size_t suggested,
                        uv_buf_t *buffer) {
  (void)suggested;
  midge_socket *socket = handle->data;
  midge_reactor *reactor = socket->reactor;
  midge_reactor_enter(reactor);
  bool had_its_turn = socket->read_round == reactor->round;
  socket->read_round = reactor->round;
  *buffer = had_its_turn ? uv_buf_init(NULL, 0) : place_of(socket);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *buffer) {
  midge_socket *socket = stream->data;
  midge_reactor_enter(socket->reactor);
  if (size > 0)
    socket->listener->received(socket->context,
                               midge_slice_of(buffer->base, (size_t)size));
  if (size < 0 && size != UV_ENOBUFS)
    socket->listener->broken(socket->context, (int)size);
}

void midge_socket_read(midge_socket *socket, bool on) {
  if (on == socket->is_reading) return;
  socket->is_reading = on;
  if (!on) {
    uv_read_stop(&socket->stream);
    return;
  }
  int error = uv_read_start(&socket->stream, lend_buffer, on_read);
  assert(error == 0); /* it is connected, or will be */
}

/* What is wanted of reading is known once it is connected. To have it watched
 * for both from now on spares a call of the system: libuv would forget the
 * socket when it is connected, and have it watched anew. */
int midge_socket_connect(midge_socket *socket, const struct sockaddr *address) {
  uv_connect_t *request = new_request(socket, sizeof *request);
  request->data = socket;
  int error = uv_tcp_connect(request, &socket->tcp, address, on_connected);
  if (error != 0)
    midge_free(&socket->reactor->allocator, request, sizeof *request);
  else
    midge_socket_read(socket, true);
  return error;
}

/* The poll is level-triggered: what has come meanwhile is told. */
bool midge_socket_go_near(midge_socket *socket) {
  midge_reactor *reactor = socket->reactor;
  size_t count = atomic_load(&reactor->near_count);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = socket};
  if (count == MIDGE_NEAR_MAX) return false;
  if (epoll_ctl(reactor->epoll, EPOLL_CTL_ADD, socket->descriptor, &event) != 0)
    return false;
  midge_socket_read(socket, false);
  socket->is_near = socket->was_read = true;
  socket->is_late = false;
  reactor->near[count] = socket;
  atomic_store(&reactor->near_count, count + 1);
  return true;
}

void midge_socket_leave_near(midge_socket *socket) {
  midge_reactor *reactor = socket->reactor;
  if (!socket->is_near) return;
  socket->is_near = false;
  epoll_ctl(reactor->epoll, EPOLL_CTL_DEL, socket->descriptor, NULL);
  size_t last = atomic_load(&reactor->near_count) - 1, i = last;
  while (reactor->near[i] != socket) i--;
  reactor->near[i] = reactor->near[last];
  atomic_store(&reactor->near_count, last);
}

void midge_socket_fetch(midge_socket *socket) {
  if (!socket->is_near) return;
  midge_socket_leave_near(socket);
  midge_socket_read(socket, true);
}

/* The system tells of a reset also to those who ask for nothing else. */
int midge_socket_error(const midge_socket *socket) {
  struct pollfd place = {.fd = -1};
  int error = 0;
  socklen_t size = sizeof error;
  if (uv_fileno(&socket->handle, &place.fd) != 0) return 0;
  if (poll(&place, 1, 0) <= 0) return 0;
  if ((place.revents & (POLLERR | POLLHUP)) == 0) return 0;
  if (getsockopt(place.fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 &&
      error != 0)
    return uv_translate_sys_error(error);
  return UV_ECONNRESET;
}

/* --- Writing --- */

size_t midge_socket_taken(midge_socket *socket) {
  if (socket->waiting_size == 0) return 0;
  size_t left =
      socket->is_writing ? uv_stream_get_write_queue_size(&socket->stream) : 0;
  assert(left <= socket->waiting_size);
  size_t taken = socket->waiting_size - left;
  socket->waiting_size = left;
  return taken;
}

/* What was not taken was not sent: it is sent again. Why the stream broke is
 * told by the reading side, after what the server said last. */
static void fail_writing(midge_socket *socket, int error) {
  socket->waiting_size = 0;
  socket->is_shut = true;
  socket->fault = error;
}

static void on_written(uv_write_t *request, int status) {
  midge_socket *socket = request->data;
  midge_reactor_enter(socket->reactor);
  socket->is_writing = false;
  free_write(socket);
  if (status != 0) fail_writing(socket, status);
  if (socket->listener != NULL) socket->listener->written(socket->context);
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

static size_t copy_some(midge_socket *socket, const midge_slice *slices,
                        size_t count) {
  socket->copy = midge_allocate(&socket->reactor->patient, COPY_BYTES);
  size_t size = 0;
  for (size_t i = 0; i < count && size < COPY_BYTES; i++) {
    midge_slice slice = slices[i];
    if (slice.size > COPY_BYTES - size) slice.size = COPY_BYTES - size;
    midge_slice_copy(socket->copy + size, slice);
    size += slice.size;
  }
  return size;
}

/* The system is full, or others have their turn: the loop goes on with it. */
static size_t write_later(midge_socket *socket, uv_buf_t *buffers, size_t count,
                          size_t copied) {
  socket->write =
      midge_allocate(&socket->reactor->patient, sizeof *socket->write);
  socket->write->data = socket;
  int error = uv_write(socket->write, &socket->stream, buffers, (unsigned)count,
                       on_written);
  socket->is_writing = error == 0;
  if (error == 0) return copied;
  free_write(socket);
  fail_writing(socket, error);
  return 0;
}

size_t midge_socket_write(midge_socket *socket, const midge_slice *slices,
                          size_t count, bool stay, bool later) {
  uv_buf_t buffers[SLICES_MAX];
  if (socket->is_writing || socket->is_shut || count == 0) return 0;
  if (count > SLICES_MAX) count = SLICES_MAX;
  size_t size = to_buffers(buffers, slices, count);
  int result = UV_EAGAIN;
  if (!later) result = uv_try_write(&socket->stream, buffers, (unsigned)count);
  if (result >= 0) return (size_t)result;
  if (result != UV_EAGAIN) {
    fail_writing(socket, result);
    return 0;
  }
  if (stay) {
    socket->waiting_size = size;
    return write_later(socket, buffers, count, 0);
  }
  socket->waiting_size = 0;
  size_t copied = copy_some(socket, slices, count);
  buffers[0] = uv_buf_init((char *)socket->copy, (unsigned)copied);
  return write_later(socket, buffers, 1, copied);
}

/* Without libuv, which would not have it on another thread. What goes wrong
 * is found by the turn that is owed then. */
size_t midge_socket_send(midge_socket *socket, const midge_slice *slices,
                         size_t count) {
  struct iovec parts[SLICES_MAX];
  assert(midge_socket_is_at_ease(socket));
  if (count > SLICES_MAX) count = SLICES_MAX;
  for (size_t i = 0; i < count; i++)
    parts[i] = (struct iovec){(void *)slices[i].data, slices[i].size};
  const struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  ssize_t sent =
      sendmsg(socket->descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent > 0 ? (size_t)sent : 0;
}

bool midge_socket_is_at_ease(const midge_socket *socket) {
  return !socket->is_writing && !socket->is_shut && socket->waiting_size == 0;
}

static void on_shut(uv_shutdown_t *request, int status) {
  midge_socket *socket = request->data;
  midge_free(&socket->reactor->allocator, request, sizeof *request);
  (void)status; /* the end of the stream, or of patience, decides */
}

void midge_socket_shut(midge_socket *socket) {
  if (socket->is_shut) return;
  socket->is_shut = true;
  uv_shutdown_t *request = new_request(socket, sizeof *request);
  request->data = socket;
  if (uv_shutdown(request, &socket->stream, on_shut) == 0) return;
  /* Not connected any more: reading will say so. */
  midge_free(&socket->reactor->allocator, request, sizeof *request);
}
