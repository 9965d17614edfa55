/* A thread that is late: what has come in by then is not late. */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "program.h"
#include "raw.h"

static atomic_bool shall_dawdle, dawdles;

/* Holds the reactor's thread up, once. */
static void wake(void *context) {
  (void)context;
  if (!atomic_exchange(&shall_dawdle, false)) return;
  atomic_store(&dawdles, true);
  usleep(1500000);
}

static void take(midge_reactor *reactor, midge_event_type type,
                 midge_event *event) {
  do assert_true(midge_reactor_wait(reactor, event, PATIENCE_MS));
  while (event->type != type);
}

static midge_client *open_client(midge_reactor *reactor, const char *url) {
  midge_client *client;
  const midge_client_options options = {
      .url = {(const uint8_t *)url, strlen(url)},
      .session.reply_timeout_ms = 1000,
      .session.client_id = MIDGE_TEXT("late")};
  assert_int_equal(midge_client_open(&client, reactor, &options, NULL, 0),
                   MIDGE_OK);
  assert_int_equal(midge_client_connect(client), MIDGE_OK);
  return client;
}

/* What is told of the other client takes the thread so long that the time of
 * the SUBACK is over; it has come meanwhile, and waits in the socket. */
static void an_answer_in_the_socket_is_in_time(void **state) {
  (void)state;
  midge_reactor *reactor;
  midge_event event;
  raw r;
  raw_listen(&r);
  broker *b = broker_start(&(broker_options){0});
  assert_int_equal(
      midge_reactor_start(&reactor, &(midge_reactor_options){.wake = wake}),
      MIDGE_OK);
  midge_client *other = open_client(reactor, url_of(b));
  take(reactor, MIDGE_EVENT_OPENED, &event);
  midge_client *client = open_client(reactor, r.url);
  raw_accept(&r);
  raw_read_until(&r, MIDGE_TEXT("late"));
  raw_write(&r, MIDGE_TEXT("\x20\x03\x00\x00\x00"));
  take(reactor, MIDGE_EVENT_OPENED, &event);

  const midge_subscription one = {.filter = MIDGE_TEXT("filter")};
  assert_int_equal(
      midge_client_subscribe(client, &one, 1, (midge_request_options){0}, 7),
      MIDGE_OK);
  raw_read_until(&r, MIDGE_TEXT("filter"));
  while (midge_reactor_event(reactor, &event)) continue; /* till it wakes us */
  atomic_store(&shall_dawdle, true);
  assert_int_equal(publish_number(other, 1, 1), MIDGE_OK);
  while (!atomic_load(&dawdles)) usleep(1000);
  raw_write(&r, MIDGE_TEXT("\x90\x04\x00\x01\x00\x00"));
  for (int i = 0; i < 2; i++) {
    take(reactor, MIDGE_EVENT_DONE, &event);
    assert_int_equal(event.done.status, MIDGE_OK);
  }
  midge_reactor_stop(reactor);
  broker_stop(b);
  raw_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_answer_in_the_socket_is_in_time),
  };
  return cmocka_run_group_tests_name("late", tests, NULL, NULL);
}
