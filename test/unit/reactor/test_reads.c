/* How often a socket is read before others have their turn. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "reactor/socket.h"
#include "unit/harness.h"

enum { PART = 32 * 1024 };

/* A reactor without its thread: the test lets the loop go round. */
typedef struct rounds {
  midge_reactor reactor;
  size_t reads, most;       /* of the flooded socket in this round; in any */
  size_t flooded, answered; /* bytes */
  bool is_broken;
} rounds;

static void on_flood(void *context, midge_slice bytes) {
  rounds *r = context;
  r->flooded += bytes.size;
  if (++r->reads > r->most) r->most = r->reads;
}

static void on_answer(void *context, midge_slice bytes) {
  rounds *r = context;
  r->answered += bytes.size;
}

static void on_broken(void *context, int error) {
  rounds *r = context;
  assert_int_equal(error, UV_EOF);
  r->is_broken = true;
}

static const midge_listener flood = {.received = on_flood, .broken = on_broken};
static const midge_listener answer = {.received = on_answer};

static void start(rounds *r) {
  *r = (rounds){.reactor.allocator = midge_allocator_default};
  assert_int_equal(uv_loop_init(&r->reactor.loop), 0);
  r->reactor.reading =
      midge_buffer_new(&midge_allocator_default, MIDGE_READ_BYTES);
  assert_non_null(r->reactor.reading);
}

static void stop(rounds *r) {
  while (uv_run(&r->reactor.loop, UV_RUN_NOWAIT) != 0) continue;
  assert_int_equal(uv_loop_close(&r->reactor.loop), 0);
  midge_buffer_release(r->reactor.reading);
}

static void go_round(rounds *r) {
  r->reactor.round++;
  r->reads = 0;
  uv_run(&r->reactor.loop, UV_RUN_NOWAIT);
}

/* One end is read by the reactor, the other one is `*peer`. */
static midge_socket *open_socket(rounds *r, const midge_listener *listener,
                                 int *peer) {
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  midge_socket *socket = midge_socket_new(&r->reactor, true, listener, r);
  assert_non_null(socket);
  assert_int_equal(uv_pipe_open(&socket->pipe, ends[0]), 0);
  midge_socket_read(socket, true);
  *peer = ends[1];
  assert_int_equal(fcntl(*peer, F_SETFL, O_NONBLOCK), 0);
  return socket;
}

/* As much as the system takes. */
static size_t fill(int peer) {
  static const uint8_t zeros[PART];
  size_t all = 0;
  ssize_t size;
  while ((size = write(peer, zeros, sizeof zeros)) > 0) all += (size_t)size;
  return all;
}

static void a_full_socket_is_read_once_in_a_round(void **state) {
  (void)state;
  rounds r;
  start(&r);
  int flooding, answering;
  midge_socket *flooded = open_socket(&r, &flood, &flooding);
  midge_socket *other = open_socket(&r, &answer, &answering);
  size_t sent = fill(flooding);
  assert_true(sent > 2 * MIDGE_READ_BYTES);
  assert_int_equal(write(answering, "x", 1), 1);
  go_round(&r);
  assert_int_equal(r.answered, 1);
  assert_in_range(r.flooded, 1, MIDGE_READ_BYTES);

  for (int i = 0; i < 1000 && r.flooded < sent; i++) go_round(&r);
  assert_int_equal(r.flooded, sent); /* it comes back by itself */
  assert_int_equal(r.most, 1);
  close(flooding);
  for (int i = 0; i < 1000 && !r.is_broken; i++) go_round(&r);
  assert_true(r.is_broken); /* its turn being over is no end */
  close(answering);
  midge_socket_drop(flooded);
  midge_socket_drop(other);
  stop(&r);
}

enum { PLACE = 5000 };
static uint8_t place[PLACE];

static uint8_t *lend_place(void *context, size_t *size) {
  (void)context;
  *size = sizeof place;
  return place;
}

static void on_placed(void *context, midge_slice bytes) {
  rounds *r = context;
  assert_ptr_equal(bytes.data, place);
  r->answered += bytes.size;
}

static const midge_listener placed = {.place = lend_place,
                                      .received = on_placed};

static void a_socket_is_read_to_where_its_owner_says(void **state) {
  (void)state;
  rounds r;
  start(&r);
  int peer;
  midge_socket *socket = open_socket(&r, &placed, &peer);
  assert_true(fill(peer) > sizeof place);
  go_round(&r);
  assert_int_equal(r.answered, sizeof place);
  close(peer);
  midge_socket_drop(socket);
  stop(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_full_socket_is_read_once_in_a_round),
      cmocka_unit_test(a_socket_is_read_to_where_its_owner_says),
  };
  return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
