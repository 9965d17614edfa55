#include "program.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

uint64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

bool slice_is(midge_slice slice, const char *string) {
  return slice.size == strlen(string) &&
         memcmp(slice.data, string, slice.size) == 0;
}

uint32_t goodbye_ms;
bool helps;
int epoll;
void (*on_wake)(void *context);
const midge_allocator *given_memory;

void program_start(program *p, const char *url,
                   const midge_client_options *options) {
  char why[256];
  midge_client_options all = {0};
  if (options != NULL) all = *options;
  all.url = text(url);
  if (all.reconnect.min_ms == 0) all.reconnect.min_ms = 20;
  if (all.reconnect.max_ms == 0) all.reconnect.max_ms = 200;
  all.session.context = p;
  memset(p, 0, sizeof *p);
  midge_reactor_options of_reactor = {.goodbye_ms = goodbye_ms,
                                      .helps = helps,
                                      .epoll = epoll,
                                      .wake = on_wake,
                                      .allocator = given_memory,
                                      .context = p};
  assert_int_equal(midge_reactor_start(&p->reactor, &of_reactor), MIDGE_OK);
  midge_status status =
      midge_client_open(&p->client, p->reactor, &all, why, sizeof why);
  if (status != MIDGE_OK) fail_msg("%s", why);
}

void program_stop(program *p) {
  midge_reactor_stop(p->reactor);
}

const char *url_of(const broker *b) {
  static char url[64];
  snprintf(url, sizeof url, "mqtt://127.0.0.1:%u", broker_port(b));
  return url;
}

static void count(program *p) {
  if (p->event.type == MIDGE_EVENT_CONNECTING) p->attempt = p->event.attempt;
  p->done += p->event.type == MIDGE_EVENT_DONE;
  p->messages += p->event.type == MIDGE_EVENT_MESSAGE;
  p->closed += p->event.type == MIDGE_EVENT_CLOSED;
  p->failures +=
      p->event.type == MIDGE_EVENT_DONE && p->event.done.status != MIDGE_OK;
}

bool take_one(program *p) {
  if (!midge_reactor_event(p->reactor, &p->event)) return false;
  count(p);
  return true;
}

static void next(program *p) {
  if (!midge_reactor_wait(p->reactor, &p->event, PATIENCE_MS))
    fail_msg("no event in %d ms", PATIENCE_MS);
  count(p);
}

void wait_for(program *p, midge_event_type type) {
  do next(p);
  while (p->event.type != type);
}

void wait_for_done(program *p, size_t count) {
  while (p->done < count) next(p);
}

void wait_for_messages(program *p, size_t count) {
  while (p->messages < count) next(p);
}

void wait_for_end(program *p, midge_status status) {
  do wait_for(p, MIDGE_EVENT_CLOSED);
  while (p->event.closed.retry_ms != MIDGE_NEVER);
  assert_int_equal(p->event.closed.status, status);
}

void expect_silence(program *p, unsigned ms) {
  if (midge_reactor_wait(p->reactor, &p->event, ms))
    fail_msg("an event of type %d nobody asked for", p->event.type);
}

void wait_until_opened(program *p) {
  assert_int_equal(midge_client_connect(p->client), MIDGE_OK);
  wait_for(p, MIDGE_EVENT_OPENED);
}

midge_status publish_number(midge_client *client, unsigned long number,
                            midge_qos qos) {
  char payload[24];
  int size = snprintf(payload, sizeof payload, "%lu", number);
  midge_publish publish = {
      .topic = MIDGE_TEXT("t"),
      .payload = {(const uint8_t *)payload, (size_t)size},
      .qos = qos,
  };
  return midge_client_publish(client, &publish, number + 1);
}
