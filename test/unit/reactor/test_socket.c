/* What the system is asked for a connection, and how it ends, seen at the
 * sockets themselves. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <uv.h>

#include "program.h"
#include "raw.h"

enum { FILES_MAX = 1024 };

/* In place of the system's `connect`, for libuv too: every address is this
 * machine's. Its header has it with a parameter of GNU's own kind. */
#define EXPORTED __attribute__((visibility("default")))
EXPORTED int connect_here(int fd, const struct sockaddr *address,
                          socklen_t size) __asm__("connect");

int connect_here(int fd, const struct sockaddr *address, socklen_t size) {
  struct sockaddr_in here;
  if (address->sa_family == AF_INET) {
    memcpy(&here, address, sizeof here);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address = (const struct sockaddr *)&here;
  }
  return (int)syscall(SYS_connect, fd, address, size);
}

/* The socket of this process that is connected to `port`; -1: none. */
static int find_socket(uint16_t port) {
  for (int fd = 0; fd < FILES_MAX; fd++) {
    struct sockaddr_in peer;
    socklen_t size = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &size) != 0) continue;
    if (peer.sin_family == AF_INET && ntohs(peer.sin_port) == port) return fd;
  }
  return -1;
}

static int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

/* A client that sends no PINGREQ would never notice. */
static void tcp_looks_for_peers_that_vanish_when_mqtt_does_not(void **state) {
  (void)state;
  for (int off = 0; off < 2; off++) {
    program p;
    broker *b = broker_start(&(broker_options){0});
    program_start(&p, url_of(b),
                  &(midge_client_options){.session.keep_alive_off = off != 0});
    wait_until_opened(&p);
    int fd = find_socket(broker_port(b));
    assert_true(fd >= 0);
    assert_int_equal(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), off);
    if (off != 0)
      assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    program_stop(&p);
    broker_stop(b);
  }
}

static void nagle_waits_only_if_asked_to(void **state) {
  (void)state;
  for (int nagle = 0; nagle < 2; nagle++) {
    program p;
    broker *b = broker_start(&(broker_options){0});
    program_start(&p, url_of(b), &(midge_client_options){.nagle = nagle != 0});
    wait_until_opened(&p);
    int fd = find_socket(broker_port(b));
    assert_int_equal(option_of(fd, IPPROTO_TCP, TCP_NODELAY), nagle == 0);
    program_stop(&p);
    broker_stop(b);
  }
}

/* Of the socket that is connected to a server at this address. */
static int send_buffer_of(const char *address) {
  program p;
  char url[64];
  broker *b = broker_start(&(broker_options){0});
  snprintf(url, sizeof url, "mqtt://%s:%u", address, broker_port(b));
  program_start(&p, url, NULL);
  wait_until_opened(&p);
  int fd = find_socket(broker_port(b));
  int size = option_of(fd, SOL_SOCKET, SO_SNDBUF);
  program_stop(&p);
  broker_stop(b);
  return size;
}

/* The system has its own share of it, so that the number is twice as high; by
 * itself it takes megabytes. */
static void little_waits_for_a_server_of_this_machine(void **state) {
  (void)state;
  assert_in_range(send_buffer_of("127.0.0.1"), 128 * 1024, 512 * 1024);
  assert_in_range(send_buffer_of("127.1.2.3"), 128 * 1024, 512 * 1024);
}

/* What the system gives to a connection of which nobody has said anything. */
static int usual_send_buffer(void) {
  broker *b = broker_start(&(broker_options){0});
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(broker_port(b)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
  int size = option_of(fd, SOL_SOCKET, SO_SNDBUF);
  close(fd);
  broker_stop(b);
  return size;
}

static void what_waits_for_a_server_elsewhere_is_the_systems_choice(
    void **state) {
  (void)state;
  int usual = usual_send_buffer();
  assert_int_not_equal(send_buffer_of("127.0.0.1"), usual);
  assert_int_equal(send_buffer_of("192.0.2.1"), usual);
  assert_int_equal(send_buffer_of("126.255.255.255"), usual);
  assert_int_equal(send_buffer_of("128.0.0.1"), usual);
}

static void the_local_address_is_bound(void **state) {
  (void)state;
  program p;
  struct sockaddr_in own;
  socklen_t size = sizeof own;
  broker *b = broker_start(&(broker_options){0});
  program_start(
      &p, url_of(b),
      &(midge_client_options){.local_address = MIDGE_TEXT("127.0.0.9")});
  wait_until_opened(&p);
  int fd = find_socket(broker_port(b));
  assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &size), 0);
  assert_int_equal(ntohl(own.sin_addr.s_addr), 0x7f000009);
  program_stop(&p);
  broker_stop(b);
}

/* --- Ends --- */

static void open_raw(program *p, raw *r, midge_client_options options) {
  options.session.client_id = MIDGE_TEXT("raw one");
  options.session.clean_start = true;
  raw_listen(r);
  program_start(p, r->url, &options);
  assert_int_equal(midge_client_connect(p->client), MIDGE_OK);
  raw_accept(r);
  raw_read_until(r, MIDGE_TEXT("raw one"));
  raw_write(r, MIDGE_TEXT("\x20\x03\x00\x00\x00"));
  wait_for(p, MIDGE_EVENT_OPENED);
}

static void an_end_is_no_break(void **state) {
  (void)state;
  program p;
  raw r;
  open_raw(&p, &r, (midge_client_options){.nagle = false});
  assert_int_equal(shutdown(r.socket, SHUT_WR), 0);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_true(
      slice_is(p.event.closed.text, "the server closed the connection"));
  program_stop(&p);
  raw_close(&r);
}

/* A server that closes when we have, and soon: without our half of the end it
 * would wait, and so would we, every time. */
static void our_half_is_ended_after_goodbye(void **state) {
  (void)state;
  uint64_t fastest = 1000;
  for (int round = 0; round < 20 && fastest >= 200; round++) {
    program p;
    raw r;
    open_raw(&p, &r, (midge_client_options){.nagle = false});
    uint64_t start = now_ms();
    assert_int_equal(
        midge_client_disconnect(p.client, 0, (midge_properties){0}, false),
        MIDGE_OK);
    raw_read_to_end(&r);
    uint64_t took = now_ms() - start;
    if (took < fastest) fastest = took;
    close(r.socket);
    r.socket = -1;
    wait_for_end(&p, MIDGE_OK);
    program_stop(&p);
    raw_close(&r);
  }
  assert_true(fastest < 200);
}

static uint8_t piece[100000];

static void publish_much(program *p, size_t pieces) {
  const midge_publish publish = {.topic = MIDGE_TEXT("t"),
                                 .payload = {piece, sizeof piece}};
  for (size_t i = 0; i < pieces; i++)
    assert_int_equal(midge_client_publish(p->client, &publish, 0), MIDGE_OK);
}

static void *read_slowly(void *context) {
  usleep(300000); /* the stop has begun to wait */
  return (void *)raw_read_to_end(context);
}

/* More than the system takes at once has to leave before. */
static void the_stop_waits_for_what_leaves(void **state) {
  (void)state;
  enum { PIECES = 300 };
  pthread_t reader;
  void *size;
  program p;
  raw r;
  goodbye_ms = 40000;
  open_raw(&p, &r, (midge_client_options){.close_timeout_ms = 60000});
  publish_much(&p, PIECES);
  assert_int_equal(
      midge_client_disconnect(p.client, 0, (midge_properties){0}, false),
      MIDGE_OK);
  assert_int_equal(pthread_create(&reader, NULL, read_slowly, &r), 0);
  program_stop(&p);
  goodbye_ms = 0;
  assert_int_equal(pthread_join(reader, &size), 0);
  assert_true((size_t)size > PIECES * sizeof piece);
  raw_close(&r);
}

/* A server that reads nothing does not hold the program's end up. */
static void the_stop_waits_so_long_and_no_longer(void **state) {
  (void)state;
  program p;
  raw r;
  open_raw(&p, &r, (midge_client_options){.close_timeout_ms = 40000});
  publish_much(&p, 300);
  assert_int_equal(
      midge_client_disconnect(p.client, 0, (midge_properties){0}, false),
      MIDGE_OK);
  uint64_t start = now_ms();
  program_stop(&p);
  assert_true(now_ms() - start < 20000);
  raw_close(&r);
}

/* --- Signals --- */

static atomic_int handled;

static void on_signal(int number) {
  (void)number;
  atomic_fetch_add(&handled, 1);
}

/* With all of the program's threads closed to a signal, it waits: the reactor
 * does not take it. */
static void signals_are_for_the_programs_threads(void **state) {
  (void)state;
  program p;
  sigset_t one;
  broker *b = broker_start(&(broker_options){0});
  assert_true(signal(SIGUSR1, on_signal) != SIG_ERR);
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  /* The broker's thread is older, and would take it. */
  broker_stop(b);
  program_start(&p, "unix:/nowhere.sock", NULL);
  assert_int_equal(pthread_sigmask(SIG_BLOCK, &one, NULL), 0);
  assert_int_equal(kill(getpid(), SIGUSR1), 0);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED); /* its thread has run */
  assert_int_equal(atomic_load(&handled), 0);
  assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &one, NULL), 0);
  assert_int_equal(atomic_load(&handled), 1);
  program_stop(&p);
}

/* As when the system cannot write for a reason that reading does not tell. */
static void a_connection_that_cannot_be_written_is_given_up(void **state) {
  (void)state;
  program p;
  broker *b = broker_start(&(broker_options){.deaf_after_connack = true});
  program_start(&p, url_of(b), NULL);
  wait_until_opened(&p);
  int fd = find_socket(broker_port(b));
  assert_true(fd >= 0);
  assert_int_equal(shutdown(fd, SHUT_WR), 0);
  assert_int_equal(publish_number(p.client, 1, MIDGE_AT_LEAST_ONCE), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ELOST);
  assert_true(slice_is(p.event.closed.code, "EPIPE"));
  program_stop(&p);
  broker_stop(b);
}

static atomic_bool refuses;

int __real_uv_write(uv_write_t *request, uv_stream_t *stream,
                    const uv_buf_t buffers[], unsigned count,
                    uv_write_cb written);
int __wrap_uv_write(uv_write_t *request, uv_stream_t *stream,
                    const uv_buf_t buffers[], unsigned count,
                    uv_write_cb written);
int __wrap_uv_write(uv_write_t *request, uv_stream_t *stream,
                    const uv_buf_t buffers[], unsigned count,
                    uv_write_cb written) {
  if (atomic_load(&refuses)) return UV_ENOBUFS;
  return __real_uv_write(request, stream, buffers, count, written);
}

/* Nobody reads, so the rest is to leave later; and nothing takes that up. */
static void so_is_one_that_cannot_be_written_later(void **state) {
  (void)state;
  raw r;
  program p;
  static uint8_t much[16 * 1024 * 1024];
  midge_publish publish = {.topic = MIDGE_TEXT("t"),
                           .payload = {much, sizeof much},
                           .qos = MIDGE_AT_LEAST_ONCE};
  open_raw(&p, &r, (midge_client_options){0});
  atomic_store(&refuses, true);
  assert_int_equal(midge_client_publish(p.client, &publish, 1), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  atomic_store(&refuses, false);
  assert_int_equal(p.event.closed.status, MIDGE_ELOST);
  assert_true(slice_is(p.event.closed.code, "ENOBUFS"));
  program_stop(&p);
  raw_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tcp_looks_for_peers_that_vanish_when_mqtt_does_not),
      cmocka_unit_test(nagle_waits_only_if_asked_to),
      cmocka_unit_test(little_waits_for_a_server_of_this_machine),
      cmocka_unit_test(what_waits_for_a_server_elsewhere_is_the_systems_choice),
      cmocka_unit_test(the_local_address_is_bound),
      cmocka_unit_test(an_end_is_no_break),
      cmocka_unit_test(our_half_is_ended_after_goodbye),
      cmocka_unit_test(the_stop_waits_for_what_leaves),
      cmocka_unit_test(the_stop_waits_so_long_and_no_longer),
      cmocka_unit_test(a_connection_that_cannot_be_written_is_given_up),
      cmocka_unit_test(so_is_one_that_cannot_be_written_later),
      cmocka_unit_test(signals_are_for_the_programs_threads),
  };
  return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
