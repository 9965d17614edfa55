#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include "reactor/bell.h"
#include "unit/harness.h"

enum { RINGERS = 3, RINGS = 20000 };

typedef struct {
  uv_loop_t loop;
  midge_bell bell;
  atomic_uint put; /* what the rings are about */
  unsigned taken, heard;
} hall;

static void on_bell(uv_poll_t *poll, int status, int events) {
  (void)events;
  hall *h = poll->data;
  assert_int_equal(status, 0);
  h->heard++;
  h->taken = atomic_load(&h->put);
}

static void open_hall(hall *h) {
  *h = (hall){0};
  assert_int_equal(uv_loop_init(&h->loop), 0);
  assert_int_equal(midge_bell_hang(&h->bell, &h->loop, on_bell), 0);
  h->bell.poll.data = h;
}

static void close_hall(hall *h) {
  midge_bell_close(&h->bell);
  uv_run(&h->loop, UV_RUN_DEFAULT);
  assert_int_equal(uv_loop_close(&h->loop), 0);
  midge_bell_ring(&h->bell); /* by somebody who comes too late */
  midge_bell_free(&h->bell);
}

static void rings_before_it_is_heard_are_one(void **state) {
  (void)state;
  hall h;
  open_hall(&h);
  for (int i = 0; i < 3; i++) midge_bell_ring(&h.bell);
  uv_run(&h.loop, UV_RUN_NOWAIT);
  uv_run(&h.loop, UV_RUN_NOWAIT);
  assert_int_equal(h.heard, 1);
  midge_bell_ring(&h.bell);
  uv_run(&h.loop, UV_RUN_NOWAIT);
  assert_int_equal(h.heard, 2);
  close_hall(&h);
}

static void *ring_often(void *argument) {
  hall *h = argument;
  for (int i = 0; i < RINGS; i++) {
    atomic_fetch_add(&h->put, 1);
    midge_bell_ring(&h->bell);
  }
  return NULL;
}

/* A ring that gets lost has this wait for ever. */
static void no_ring_is_lost(void **state) {
  (void)state;
  hall h;
  open_hall(&h);
  pthread_t ringers[RINGERS];
  for (int i = 0; i < RINGERS; i++)
    assert_int_equal(pthread_create(&ringers[i], NULL, ring_often, &h), 0);
  while (h.taken < RINGERS * RINGS) uv_run(&h.loop, UV_RUN_ONCE);
  for (int i = 0; i < RINGERS; i++) pthread_join(ringers[i], NULL);
  assert_in_range(h.heard, 1, RINGERS * RINGS);
  close_hall(&h);
}

static void without_a_file_there_is_none(void **state) {
  (void)state;
  uv_loop_t loop;
  midge_bell bell;
  struct rlimit before;
  assert_int_equal(uv_loop_init(&loop), 0);
  getrlimit(RLIMIT_NOFILE, &before);
  struct rlimit none = {0, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &none);
  int error = midge_bell_hang(&bell, &loop, on_bell);
  setrlimit(RLIMIT_NOFILE, &before);
  assert_int_equal(error, UV_EMFILE);
  assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rings_before_it_is_heard_are_one),
      cmocka_unit_test(no_ring_is_lost),
      cmocka_unit_test(without_a_file_there_is_none),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
