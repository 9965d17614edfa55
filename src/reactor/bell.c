#include "reactor/bell.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static midge_bell *bell_of(uv_poll_t *poll) {
  return (midge_bell *)((char *)poll - offsetof(midge_bell, poll));
}

/* A ring after the exchange is heard another time, one before it in what is
 * done now. */
static void on_readable(uv_poll_t *poll, int status, int events) {
  midge_bell *bell = bell_of(poll);
  uint64_t rings;
  ssize_t size = read(bell->file, &rings, sizeof rings);
  (void)size; /* how often does not matter */
  atomic_exchange(&bell->rung, false);
  bell->heard(poll, status, events);
}

int midge_bell_hang(midge_bell *bell, uv_loop_t *loop, uv_poll_cb heard) {
  bell->heard = heard;
  atomic_init(&bell->rung, false);
  bell->file = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (bell->file < 0) return uv_translate_sys_error(errno);
  int error = uv_poll_init(loop, &bell->poll, bell->file);
  if (error != 0) {
    midge_bell_free(bell);
    return error;
  }
  error = uv_poll_start(&bell->poll, UV_READABLE, on_readable);
  assert(error == 0);
  return error;
}

void midge_bell_ring(midge_bell *bell) {
  if (atomic_exchange(&bell->rung, true)) return;
  uint64_t one = 1;
  ssize_t size = write(bell->file, &one, sizeof one);
  assert(size == sizeof one);
  (void)size;
}

void midge_bell_close(midge_bell *bell) {
  uv_close((uv_handle_t *)&bell->poll, NULL);
}

void midge_bell_free(midge_bell *bell) {
  if (bell->file >= 0) close(bell->file);
  bell->file = -1;
}
