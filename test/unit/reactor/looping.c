#include "looping.h"

#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/slice.h"
#include "reactor/near.h"

enum { ROUNDS_MAX = 400 }; /* of a message each, until it is near */

const uint8_t message[MESSAGE] = {0x30, 4, 0, 1, 't', 'x'};

/* --- The program's loop --- */

int woken;
bool is_bad;
void (*answer)(program *p);

static void wake(void *context) {
  uint64_t one = 1;
  (void)context;
  ssize_t size = write(woken, &one, sizeof one);
  assert_int_equal(size, sizeof one);
}

void deal_with_all(program *p) {
  midge_reactor_cork(p->reactor);
  while (take_one(p))
    if (answer != NULL && p->event.type == MIDGE_EVENT_MESSAGE) answer(p);
  midge_reactor_uncork(p->reactor);
}

/* One round of it, of so long at most. True: something was to be done. */
bool turn(program *p, int timeout_ms) {
  uint64_t times;
  struct pollfd files[] = {{.fd = epoll, .events = POLLIN},
                           {.fd = woken, .events = POLLIN}};
  if (poll(files, 2, timeout_ms) <= 0) return false;
  bool reads = (files[0].revents & POLLIN) != 0;
  if (reads) reads = midge_reactor_read(p->reactor);
  bool wakes = (files[1].revents & POLLIN) != 0;
  if (wakes) wakes = read(woken, &times, sizeof times) == sizeof times;
  if (reads || wakes) deal_with_all(p);
  return true;
}

void turn_until(program *p, const size_t *count, size_t wanted) {
  while (*count < wanted)
    if (!turn(p, PATIENCE_MS)) fail_msg("nothing in %d ms", PATIENCE_MS);
}

bool is_near(const program *p) {
  return atomic_load(&p->reactor->near_count) != 0;
}

/* --- Beginning and end --- */

void begin(void) {
  epoll = is_bad ? -1 : epoll_create1(EPOLL_CLOEXEC);
  woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  helps = true;
  on_wake = wake;
  answer = NULL;
}

/* The reactor is stopped before. */
void end(void) {
  close(epoll);
  close(woken);
  epoll = 0;
  helps = false;
  on_wake = NULL;
}

/* A client that was made for this server. */
static void connect_to(program *p, raw *server, midge_client *client) {
  static const uint8_t connack[] = {0x20, 2, 0, 0};
  assert_int_equal(midge_client_connect(client), MIDGE_OK);
  raw_accept(server);
  raw_read_until(server, MIDGE_TEXT("MQTT"));
  raw_write(server, (midge_slice){connack, sizeof connack});
  wait_for(p, MIDGE_EVENT_OPENED);
  deal_with_all(p);
}

void open_another(program *p, raw *server) {
  char why[256] = "";
  midge_client *client;
  raw_listen(server);
  midge_client_options options = {.url = midge_slice_text(server->url),
                                  .session = {.version = MIDGE_MQTT_3_1_1,
                                              .clean_start = true,
                                              .keep_alive_off = true}};
  assert_int_equal(
      midge_client_open(&client, p->reactor, &options, why, sizeof why),
      MIDGE_OK);
  connect_to(p, server, client);
}

void open_raw(program *p, raw *server, uint16_t keep_alive_s) {
  midge_client_options options = {
      .session = {.version = MIDGE_MQTT_3_1_1,
                  .clean_start = true,
                  .keep_alive_s = keep_alive_s,
                  .keep_alive_off = keep_alive_s == 0}};
  begin();
  raw_listen(server);
  program_start(p, server->url, &options);
  connect_to(p, server, p->client);
}

void close_raw(program *p, raw *server) {
  raw_close(server);
  program_stop(p);
  end();
}

void say(raw *server) {
  raw_write(server, (midge_slice){message, sizeof message});
}

void be_near(program *p, raw *server) {
  for (int round = 0; round < ROUNDS_MAX && !is_near(p); round++) {
    size_t wanted = p->messages + 1;
    say(server);
    turn_until(p, &p->messages, wanted);
  }
  assert_true(is_near(p));
}
