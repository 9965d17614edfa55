/* How often a socket is read before others have their turn. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/slice.h"
#include "reactor/socket.h"
#include "unit/base/ledger.h"
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
  midge_reads_note(&r->reactor.reads, &r->flooded, bytes.size);
  if (++r->reads > r->most) r->most = r->reads;
}

static void on_answer(void *context, midge_slice bytes) {
  rounds *r = context;
  r->answered += bytes.size;
  midge_reads_note(&r->reactor.reads, &r->answered, bytes.size);
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
  assert_true(midge_reads_init(&r->reactor.reads, &midge_allocator_default));
}

static void stop(rounds *r) {
  while (uv_run(&r->reactor.loop, UV_RUN_NOWAIT) != 0) continue;
  assert_int_equal(uv_loop_close(&r->reactor.loop), 0);
  midge_reads_free(&r->reactor.reads);
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

/* Bytes of the flooded socket in this round. */
static size_t flooded_in_round(rounds *r) {
  size_t before = r->flooded;
  go_round(r);
  return r->flooded - before;
}

static void a_full_socket_is_read_less_while_another_has_little(void **state) {
  (void)state;
  rounds r;
  start(&r);
  int flooding, answering;
  midge_socket *flooded = open_socket(&r, &flood, &flooding);
  midge_socket *other = open_socket(&r, &answer, &answering);
  fill(flooding);
  assert_true(flooded_in_round(&r) > MIDGE_READ_BYTES / 2);
  assert_int_equal(write(answering, "x", 1), 1);
  go_round(&r);
  assert_int_equal(r.answered, 1);
  for (int i = 0; i < 100; i++) {
    fill(flooding);
    assert_in_range(flooded_in_round(&r), 1, MIDGE_READ_BYTES / 3);
  }
  for (int i = 0; i < 10000; i++) { /* and the other one had no more */
    fill(flooding);
    if (flooded_in_round(&r) > MIDGE_READ_BYTES / 2) break;
  }
  fill(flooding);
  assert_true(flooded_in_round(&r) > MIDGE_READ_BYTES / 2);
  close(flooding);
  close(answering);
  midge_socket_drop(flooded);
  midge_socket_drop(other);
  stop(&r);
}

/* --- Where it is read to --- */

enum { KEPT = 100 };

static bool are_all(midge_slice bytes, int value) {
  for (size_t i = 0; i < bytes.size; i++)
    if (bytes.data[i] != value) return false;
  return true;
}

static midge_slice read_into(midge_reads *reads, int value) {
  size_t size;
  uint8_t *to = midge_reads_place(reads, &size);
  memset(to, value, size);
  return midge_slice_of(to, size);
}

static void share(midge_reads *reads) {
  midge_reads_note(reads, "bulk", MIDGE_READ_BYTES);
  midge_reads_note(reads, "little", 1);
}

static void what_is_kept_stays_as_it_was_read(void **state) {
  (void)state;
  midge_reads reads;
  midge_slice bytes[KEPT];
  midge_buffer *kept[KEPT];
  int buffers = 1;
  assert_true(midge_reads_init(&reads, &midge_allocator_default));
  for (int i = 0; i < KEPT; i++) {
    if (i == KEPT / 4) share(&reads);
    if (i == KEPT / 2) reads.shared = 0;
    if (i == KEPT / 4 * 3) share(&reads);
    size_t most = MIDGE_READ_BYTES / (reads.shared != 0 ? 3 : 1);
    bytes[i] = read_into(&reads, i);
    assert_int_equal(bytes[i].size, most);
    kept[i] = midge_reads_keep(&reads, bytes[i]);
    assert_non_null(kept[i]);
    if (i > 0) buffers += kept[i] != kept[i - 1];
    midge_slice few = read_into(&reads, 255); /* these are copied */
    assert_null(midge_reads_keep(&reads, midge_slice_of(few.data, 1000)));
  }
  /* One alone fills a buffer each time, one of several a third of it. */
  assert_in_range(buffers, KEPT / 2 + KEPT / 6, KEPT / 2 + KEPT / 6 + 4);
  for (int i = 0; i < KEPT; i++) {
    assert_true(are_all(bytes[i], i));
    midge_buffer_release(kept[i]);
  }
  midge_reads_free(&reads);
}

/* One that has much and then little keeps nobody waiting. */
static void who_reads_alone_shares_with_nobody(void **state) {
  (void)state;
  midge_reads reads;
  assert_true(midge_reads_init(&reads, &midge_allocator_default));
  midge_reads_note(&reads, "bulk", MIDGE_READ_BYTES);
  midge_reads_note(&reads, reads.bulk, 1);
  assert_int_equal(read_into(&reads, 1).size, MIDGE_READ_BYTES);
  midge_reads_free(&reads);
}

static void what_was_read_elsewhere_is_not_kept(void **state) {
  (void)state;
  midge_reads reads;
  uint8_t elsewhere[1] = {0};
  assert_true(midge_reads_init(&reads, &midge_allocator_default));
  midge_slice bytes = {elsewhere, MIDGE_READ_BYTES};
  assert_null(midge_reads_keep(&reads, bytes));
  midge_reads_free(&reads);
}

/* It is copied then, and the next read goes over it. */
static void nothing_is_kept_without_memory_for_another(void **state) {
  (void)state;
  ledger memory;
  midge_reads reads;
  ledger_init(&memory);
  memory.fails = true;
  assert_false(midge_reads_init(&reads, &memory.allocator));
  midge_reads_free(&reads);
  memory.fails = false;
  assert_true(midge_reads_init(&reads, &memory.allocator));
  memory.fails = true;
  midge_slice bytes = read_into(&reads, 1);
  assert_null(midge_reads_keep(&reads, bytes));
  assert_ptr_equal(read_into(&reads, 2).data, bytes.data);
  share(&reads);
  midge_buffer *kept = midge_reads_keep(&reads, read_into(&reads, 3));
  assert_ptr_equal(kept, reads.buffer); /* that needs none */
  reads.shared = 0;
  bytes = read_into(&reads, 4); /* what is left of it */
  assert_in_range(bytes.size, 1, MIDGE_READ_BYTES - 1);
  midge_buffer_release(kept);
  midge_reads_free(&reads);
  ledger_check_empty(&memory);
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
      cmocka_unit_test(a_full_socket_is_read_less_while_another_has_little),
      cmocka_unit_test(what_is_kept_stays_as_it_was_read),
      cmocka_unit_test(who_reads_alone_shares_with_nobody),
      cmocka_unit_test(what_was_read_elsewhere_is_not_kept),
      cmocka_unit_test(nothing_is_kept_without_memory_for_another),
      cmocka_unit_test(a_socket_is_read_to_where_its_owner_says),
  };
  return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
