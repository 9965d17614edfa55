/* A connection that the program's own loop reads: when it is, when it ceases to
 * be, and that nothing is lost or late where hands change. */
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "breaker.h"
#include "looping.h"
#include "reactor/near.h"

enum {
  TRIPS = 2000,
  BREAKS = 20,
  SHY_READS = 12,   /* one that is not is near after nine */
  BULK = 400,       /* messages of one read */
  ROUNDS_MAX = 400, /* of a message each, until it is near no more */
  TRIES_MAX = 100,  /* a stall of the machine ends it at any time */
  FLOOD_BYTES = 256 * 1024,
  AT_ONCE_MS = 1000, /* much less than a keep-alive or the patience */
};

/* --- When it is near --- */

static void who_wakes_for_each_message_reads_itself(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  bool reads = false;
  for (int i = 0; i < TRIES_MAX && !reads; i++) {
    be_near(&p, &server);
    say(&server);
    struct pollfd file = {.fd = epoll, .events = POLLIN};
    reads = poll(&file, 1, PATIENCE_MS) == 1 && midge_reactor_read(p.reactor);
    file.fd = woken;
    reads &= poll(&file, 1, 0) == 0; /* nobody was woken for it */
    deal_with_all(&p);
  }
  assert_true(reads);
  close_raw(&p, &server);
}

static void without_a_descriptor_the_reactor_reads(void **state) {
  (void)state;
  program p;
  raw server;
  is_bad = true;
  open_raw(&p, &server, 0);
  is_bad = false;
  for (int round = 1; round <= 100; round++) {
    size_t wanted = p.messages + 1;
    say(&server);
    turn_until(&p, &p.messages, wanted);
    assert_false(is_near(&p));
  }
  close_raw(&p, &server);
}

/* --- When it is not any more --- */

/* The program does not look at its epoll, and is woken for the next message. */
static void what_nobody_reads_is_taken_back(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  say(&server);
  struct pollfd file = {.fd = woken, .events = POLLIN};
  assert_int_equal(poll(&file, 1, PATIENCE_MS), 1);
  assert_false(is_near(&p));
  size_t wanted = p.messages + 1;
  turn_until(&p, &p.messages, wanted);
  close_raw(&p, &server);
}

/* The program looks at its epoll, but works in between. */
static void what_is_read_late_each_time_is_taken_back(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  size_t wanted = p.messages;
  for (int round = 0; round < ROUNDS_MAX && is_near(&p); round++) {
    say(&server);
    usleep(20 * 1000);
    turn_until(&p, &p.messages, ++wanted);
  }
  assert_false(is_near(&p));
  close_raw(&p, &server);
}

/* And needs more of them to be near again than at first. */
static void what_waited_for_a_busy_program_is_shy(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  size_t first = p.messages;
  say(&server);
  struct pollfd file = {.fd = woken, .events = POLLIN};
  assert_int_equal(poll(&file, 1, PATIENCE_MS), 1);
  turn_until(&p, &p.messages, first + 1);
  be_near(&p, &server);
  assert_true(p.messages - first > SHY_READS);
  close_raw(&p, &server);
}

static void be_taken_back(program *p) {
  for (int ms = 0; ms < PATIENCE_MS && is_near(p); ms++) usleep(1000);
  assert_false(is_near(p));
}

/* How many messages more it takes to be near. */
static size_t count_until_near(program *p, raw *server) {
  size_t before = p->messages;
  be_near(p, server);
  return p->messages - before;
}

static unsigned shyness(const program *p) {
  uv_mutex_lock(&p->reactor->lease);
  unsigned shy = p->client->socket->shy;
  uv_mutex_unlock(&p->reactor->lease);
  return shy;
}

/* Nothing waited for the program. */
static void who_hears_nothing_for_long_is_not_shy(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  unsigned before = shyness(&p);
  be_taken_back(&p);
  assert_true(shyness(&p) <= before);
  close_raw(&p, &server);
}

/* The reactor looks twice then: the first time all was read that came. */
static bool is_less_shy_after_silence(program *p, raw *server) {
  be_near(p, server);
  size_t wanted = p->messages + 1;
  say(server);
  be_taken_back(p);
  turn_until(p, &p->messages, wanted);
  unsigned before = shyness(p);
  be_near(p, server);
  be_taken_back(p);
  return shyness(p) < before;
}

static void who_is_read_in_time_is_less_shy(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  bool is_less = false;
  for (int i = 0; i < 5 && !is_less; i++)
    is_less = is_less_shy_after_silence(&p, &server);
  assert_true(is_less);
  close_raw(&p, &server);
}

static void who_blocks_has_it_read(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  for (int round = 0; round < 20; round++) {
    be_near(&p, &server);
    size_t wanted = p.messages + 1;
    say(&server);
    wait_for_messages(&p, wanted);
    deal_with_all(&p);
  }
  close_raw(&p, &server);
}

static void what_comes_in_bulk_is_the_reactors(void **state) {
  (void)state;
  program p;
  raw server;
  static uint8_t flood[FLOOD_BYTES];
  size_t many = 0;
  for (; (many + 1) * sizeof message <= sizeof flood; many++)
    memcpy(flood + many * sizeof message, message, sizeof message);
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  size_t wanted = p.messages + many;
  raw_write(&server, (midge_slice){flood, many * sizeof message});
  turn_until(&p, &p.messages, wanted);
  assert_int_equal(p.messages, wanted);
  assert_false(is_near(&p));
  assert_true(count_until_near(&p, &server) > SHY_READS);
  close_raw(&p, &server);
}

/* Each wakes the program, but for many at once. */
static void what_always_comes_in_bulk_is_never_near(void **state) {
  (void)state;
  program p;
  raw server;
  uint8_t bulk[BULK * sizeof message];
  for (size_t at = 0; at < sizeof bulk; at++)
    bulk[at] = message[at % sizeof message];
  open_raw(&p, &server, 0);
  for (int round = 0; round < 3 * SHY_READS; round++) {
    size_t wanted = p.messages + BULK;
    raw_write(&server, (midge_slice){bulk, sizeof bulk});
    turn_until(&p, &p.messages, wanted);
    assert_false(is_near(&p));
  }
  assert_int_equal(shyness(&p), 0); /* nor was, for one message */
  close_raw(&p, &server);
}

/* It would read all there is into memory. */
static void who_takes_no_events_reads_no_more(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  size_t wanted = p.messages;
  for (int round = 0; round < 100 && is_near(&p); round++, wanted++) {
    struct pollfd file = {.fd = epoll, .events = POLLIN};
    say(&server);
    if (poll(&file, 1, 100) > 0) (void)midge_reactor_read(p.reactor);
  }
  assert_false(is_near(&p));
  deal_with_all(&p);
  turn_until(&p, &p.messages, wanted);
  close_raw(&p, &server);
}

/* The reactor holds what they both need: here another thread does. */
static void *hold_lease(void *context) {
  program *p = context;
  uv_mutex_lock(&p->reactor->lease);
  usleep(20 * 1000);
  uv_mutex_unlock(&p->reactor->lease);
  return NULL;
}

static void who_waits_for_the_reactor_is_free_soon(void **state) {
  (void)state;
  program p;
  raw server;
  pthread_t thread;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  size_t wanted = p.messages + 1;
  say(&server);
  pthread_create(&thread, NULL, hold_lease, &p);
  while (uv_mutex_trylock(&p.reactor->lease) == 0) {
    uv_mutex_unlock(&p.reactor->lease);
    usleep(100);
  }
  uint64_t start = now_ms();
  assert_false(midge_reactor_read(p.reactor));
  assert_true(now_ms() - start < AT_ONCE_MS);
  pthread_join(thread, NULL);
  turn_until(&p, &p.messages, wanted);
  close_raw(&p, &server);
}

/* Who reads decides nothing about the keep-alive. */
static void the_reactor_keeps_the_connection_alive(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 1);
  uint64_t start = now_ms();
  be_near(&p, &server);
  raw_read_until(&server, MIDGE_TEXT("\xc0\x00"));
  assert_true(now_ms() - start < PATIENCE_MS);
  raw_write(&server, MIDGE_TEXT("\xd0\x00"));
  be_near(&p, &server);
  raw_read_until(&server, MIDGE_TEXT("\xc0\x00"));
  assert_int_equal(p.closed, 0);
  close_raw(&p, &server);
}

/* --- Connections end --- */

/* True if it was near until then. */
static bool an_end_is_told(bool resets) {
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  struct linger linger = {.l_onoff = 1};
  if (resets)
    setsockopt(server.socket, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(server.socket);
  server.socket = -1;
  struct pollfd file = {.fd = epoll, .events = POLLIN};
  poll(&file, 1, PATIENCE_MS);
  bool was_near = is_near(&p);
  if (midge_reactor_read(p.reactor)) deal_with_all(&p);
  turn_until(&p, &p.closed, 1);
  assert_false(is_near(&p));
  raw_accept(&server); /* it comes back */
  close_raw(&p, &server);
  return was_near;
}

static void an_end_is_told_as_by_the_reactor(bool resets) {
  bool was_near = false;
  for (int i = 0; i < TRIES_MAX && !was_near; i++)
    was_near = an_end_is_told(resets);
  assert_true(was_near);
}

static void a_server_that_closes_is_noticed(void **state) {
  (void)state;
  an_end_is_told_as_by_the_reactor(false);
}

static void a_reset_is_noticed(void **state) {
  (void)state;
  an_end_is_told_as_by_the_reactor(true);
}

static void close_first(program *p, raw *server) {
  midge_client_close(p->client);
  raw_read_until(server, MIDGE_TEXT("\xe0\x00"));
  close(server->socket);
  server->socket = -1;
  do assert_true(turn(p, PATIENCE_MS));
  while (p->event.type != MIDGE_EVENT_ENDED);
}

static void a_client_is_closed_while_it_is_near(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  close_first(&p, &server);
  assert_false(is_near(&p));
  close_raw(&p, &server);
}

static void another_is_read_on_when_one_ends(void **state) {
  (void)state;
  program p;
  raw server, other;
  open_raw(&p, &server, 0);
  open_another(&p, &other);
  size_t wanted = p.messages;
  for (int i = 0; i < ROUNDS_MAX && p.reactor->near_count != 2; i++) {
    if (!is_near(&p) || i % 2 == 0)
      say(&server);
    else
      say(&other);
    turn_until(&p, &p.messages, ++wanted);
  }
  assert_int_equal(p.reactor->near_count, 2);
  close_first(&p, &server);
  for (int i = 0; i < 20; i++) {
    say(&other);
    turn_until(&p, &p.messages, ++wanted);
  }
  raw_close(&other);
  close_raw(&p, &server);
}

static void a_reactor_is_stopped_while_one_is_near(void **state) {
  (void)state;
  for (int round = 0; round < 20; round++) {
    program p;
    raw server;
    open_raw(&p, &server, 0);
    be_near(&p, &server);
    say(&server);
    close_raw(&p, &server);
  }
}

/* --- What is wished in a turn --- */

static size_t waiting(const raw *server) {
  int size = 0;
  assert_int_equal(ioctl(server->socket, FIONREAD, &size), 0);
  return (size_t)size;
}

static void wishes_leave_together(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  for (unsigned long round = 0; round < 50; round++) {
    be_near(&p, &server);
    midge_reactor_cork(p.reactor);
    for (unsigned long i = 0; i < 9; i++)
      assert_int_equal(publish_number(p.client, i, 0), MIDGE_OK);
    midge_reactor_uncork(p.reactor);
    raw_read_until(&server, MIDGE_TEXT("t8"));
    assert_int_equal(waiting(&server), 0);
    size_t wanted = 9 * (round + 1);
    turn_until(&p, &p.done, wanted);
  }
  close_raw(&p, &server);
}

/* A program that is busy for long has its thread for what it wished before. */
static void many_wishes_do_not_wait_for_the_end(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  midge_reactor_cork(p.reactor);
  for (unsigned long i = 0; i < 300; i++)
    assert_int_equal(publish_number(p.client, i, 0), MIDGE_OK);
  raw_read_until(&server, MIDGE_TEXT("t0"));
  midge_reactor_uncork(p.reactor);
  turn_until(&p, &p.done, 300);
  close_raw(&p, &server);
}

/* The reactor looks no more, once it has taken everything back. */
static void who_is_busy_for_long_is_heard_meanwhile(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  be_near(&p, &server);
  midge_reactor_cork(p.reactor);
  for (int ms = 0; ms < PATIENCE_MS && is_near(&p); ms++) usleep(1000);
  assert_false(is_near(&p));
  uint64_t start = now_ms();
  for (unsigned long i = 0; i < 9; i++)
    assert_int_equal(publish_number(p.client, i, 0), MIDGE_OK);
  raw_read_until(&server, MIDGE_TEXT("t8"));
  assert_true(now_ms() - start < PATIENCE_MS);
  midge_reactor_uncork(p.reactor);
  turn_until(&p, &p.done, 9);
  close_raw(&p, &server);
}

static void what_only_the_reactor_can_do_is_done_too(void **state) {
  (void)state;
  program p;
  raw server;
  open_raw(&p, &server, 0);
  for (unsigned long round = 0; round < 50; round++) {
    be_near(&p, &server);
    midge_reactor_cork(p.reactor);
    for (unsigned long i = 0; i < 3; i++)
      assert_int_equal(publish_number(p.client, i, 0), MIDGE_OK);
    assert_int_equal(midge_client_ping(p.client), MIDGE_OK);
    assert_int_equal(publish_number(p.client, 7, 0), MIDGE_OK);
    midge_reactor_uncork(p.reactor);
    raw_read_until(&server, MIDGE_TEXT("\xc0\x00\x30\x04\x00\x01t7"));
    raw_write(&server, MIDGE_TEXT("\xd0\x00"));
    size_t wanted = 4 * (round + 1);
    turn_until(&p, &p.done, wanted);
  }
  close_raw(&p, &server);
}

/* --- Hands change at any moment --- */

static unsigned long said;

static void answer_next(program *p) {
  int many = said % 11 == 10 ? 5 : 1;
  if (said >= TRIPS) return;
  if (p->messages < said) return;
  while (many-- > 0) {
    assert_int_equal(publish_number(p->client, said, said % 3 == 2), MIDGE_OK);
    said++;
  }
}

static void open_broker(program *p, broker *b) {
  begin();
  program_start(p, url_of(b), NULL);
  wait_until_opened(p);
  deal_with_all(p);
  said = 0;
  answer = answer_next;
}

static void order_holds_when_hands_change(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.echo = true});
  open_broker(&p, b);
  answer_next(&p);
  while (said < TRIPS) {
    assert_true(turn(&p, PATIENCE_MS));
    if (said % 97 == 0) usleep(60 * 1000); /* it is taken back meanwhile */
  }
  turn_until(&p, &p.done, said);
  assert_true(broker_expect(b, said));
  for (size_t i = 0; i < said; i++) assert_int_equal(broker_number(b, i), i);
  assert_int_equal(p.failures, 0);
  program_stop(&p);
  broker_stop(b);
  end();
}

/* Of QoS 1, so that each is answered, whatever breaks. */
static void publish_until_broken(program *p, size_t times) {
  for (unsigned long number = 0; p->closed < times; number++) {
    size_t wanted = p->done + 1;
    assert_int_equal(publish_number(p->client, number, 1), MIDGE_OK);
    turn_until(p, &p->done, wanted);
  }
}

static void connections_break_while_they_are_near(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.resets = true});
  open_broker(&p, b);
  answer = NULL;
  breaker other;
  breaker_start(&other, b, p.client, 5000);
  publish_until_broken(&p, BREAKS);
  breaker_stop(&other);
  assert_int_equal(p.failures, 0);
  program_stop(&p);
  broker_stop(b);
  end();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(who_wakes_for_each_message_reads_itself),
      cmocka_unit_test(without_a_descriptor_the_reactor_reads),
      cmocka_unit_test(what_nobody_reads_is_taken_back),
      cmocka_unit_test(what_is_read_late_each_time_is_taken_back),
      cmocka_unit_test(what_waited_for_a_busy_program_is_shy),
      cmocka_unit_test(who_hears_nothing_for_long_is_not_shy),
      cmocka_unit_test(who_is_read_in_time_is_less_shy),
      cmocka_unit_test(who_blocks_has_it_read),
      cmocka_unit_test(what_comes_in_bulk_is_the_reactors),
      cmocka_unit_test(what_always_comes_in_bulk_is_never_near),
      cmocka_unit_test(who_takes_no_events_reads_no_more),
      cmocka_unit_test(who_waits_for_the_reactor_is_free_soon),
      cmocka_unit_test(the_reactor_keeps_the_connection_alive),
      cmocka_unit_test(a_server_that_closes_is_noticed),
      cmocka_unit_test(a_reset_is_noticed),
      cmocka_unit_test(a_client_is_closed_while_it_is_near),
      cmocka_unit_test(another_is_read_on_when_one_ends),
      cmocka_unit_test(a_reactor_is_stopped_while_one_is_near),
      cmocka_unit_test(wishes_leave_together),
      cmocka_unit_test(many_wishes_do_not_wait_for_the_end),
      cmocka_unit_test(who_is_busy_for_long_is_heard_meanwhile),
      cmocka_unit_test(what_only_the_reactor_can_do_is_done_too),
      cmocka_unit_test(order_holds_when_hands_change),
      cmocka_unit_test(connections_break_while_they_are_near),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
