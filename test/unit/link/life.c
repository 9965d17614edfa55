#include "life.h"

#include <string.h>

#include "base/allocator.h"

enum { START = 1000000 };

void life_start(life *l, midge_client_options options) {
  char why[256] = "";
  *l = (life){.now = START};
  if (options.url.data == NULL) options.url = MIDGE_TEXT("mqtt://one.test");
  if (options.reconnect.min_ms == 0) options.reconnect.min_ms = 100;
  options.session.client_id = MIDGE_TEXT("me");
  if (options.session.keep_alive_s == 0) options.session.keep_alive_off = true;
  midge_status status = midge_link_new(
      &l->link, &options, midge_allocator_or_default(options.session.allocator),
      7, why, sizeof why);
  if (status != MIDGE_OK) fail_msg("%s", why);
  midge_link_clock(l->link, l->now);
}

void life_end(life *l) {
  midge_link_free(l->link);
}

/* --- Facts --- */

void pass(life *l, midge_time ms) {
  l->now += ms;
  midge_link_elapsed(l->link, l->now);
}

static uint32_t attempt_of(life *l) {
  uint32_t attempt = midge_link_attempt(l->link);
  assert_int_not_equal(attempt, 0);
  return attempt;
}

void dial(life *l) {
  midge_link_dialed(l->link, attempt_of(l));
}

void receive(life *l, midge_slice bytes) {
  assert_int_equal(midge_link_received(l->link, attempt_of(l), bytes),
                   bytes.size);
}

void leave(life *l) {
  midge_slice slices[8];
  size_t count;
  l->output_size = 0;
  while ((count = midge_link_output(l->link, slices, 8)) != 0) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
      assert_true(l->output_size + slices[i].size <= sizeof l->output);
      memcpy(l->output + l->output_size, slices[i].data, slices[i].size);
      l->output_size += slices[i].size;
      size += slices[i].size;
    }
    midge_link_written(l->link, attempt_of(l), size);
  }
}

void open_up(life *l) {
  dial(l);
  leave(l);
  receive(l, CONNACK);
  expect(l, MIDGE_EVENT_OPENED);
}

static const midge_fault *reset(void) {
  static midge_fault fault;
  midge_fault_set(&fault, MIDGE_ELOST, "ECONNRESET", "connection reset");
  return &fault;
}

void break_off(life *l) {
  midge_link_broken(l->link, attempt_of(l), reset());
}

void fail_to_dial(life *l) {
  midge_link_failed(l->link, attempt_of(l), reset());
}

/* --- Wishes --- */

void wish(life *l, midge_wish_type type) {
  midge_wish one = {.type = type};
  if (type == MIDGE_WISH_CONNECT) one.connect.number = ++l->connects;
  midge_link_wish(l->link, &one);
}

void publish(life *l, uint64_t token, midge_qos qos, const char *topic) {
  midge_wish one = {.type = MIDGE_WISH_PUBLISH, .token = token, .cost = 10};
  one.publish = (midge_publish){.topic = midge_slice_text(topic),
                                .payload = MIDGE_TEXT("on"),
                                .qos = qos};
  midge_link_wish(l->link, &one);
}

/* --- Answers --- */

void expect(life *l, midge_event_type type) {
  assert_true(midge_link_event(l->link, &l->event));
  assert_int_equal(l->event.type, type);
}

void expect_done(life *l, uint64_t token, midge_status status) {
  expect(l, MIDGE_EVENT_DONE);
  assert_int_equal(l->event.done.token, token);
  assert_int_equal(l->event.done.status, status);
}

void expect_closed(life *l, midge_status status) {
  expect(l, MIDGE_EVENT_CLOSED);
  midge_slice text = l->event.closed.text;
  assert_true(text.size < sizeof l->text);
  *midge_slice_copy((uint8_t *)l->text, text) = '\0';
  if (l->event.closed.status != status) fail_msg("%s", l->text);
}

void expect_nothing(life *l) {
  if (midge_link_event(l->link, &l->event))
    fail_msg("an event of type %d", l->event.type);
}

void expect_dial(life *l, const char *host, uint16_t port) {
  midge_place place;
  assert_true(midge_link_dial(l->link, &place));
  assert_string_equal(place.host, host);
  assert_int_equal(place.port, port);
  assert_int_equal(place.attempt, attempt_of(l));
}

bool has_left(const life *l, midge_slice bytes) {
  return memmem(l->output, l->output_size, bytes.data, bytes.size) != NULL;
}
