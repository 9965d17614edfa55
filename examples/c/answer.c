/* Answer every message of a topic in a loop of your own, on one thread: the
 * loop polls what the reactor wakes it by, and the connections that it reads
 * itself.
 *
 *     example_answer mqtt://localhost question answer */
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "midge/client.h"

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

/* On the reactor's thread. */
static void wake(void *context) {
  uint64_t one = 1;
  ssize_t size = write(*(const int *)context, &one, sizeof one);
  (void)size; /* it is readable already */
}

/* False when the connection will not come back. */
static bool handle(midge_client *client, const midge_event *event,
                   midge_slice topic) {
  midge_publish answer = {.topic = topic, .payload = event->message.payload};
  switch (event->type) {
    case MIDGE_EVENT_OPENED:
      puts("connected");
      return true;
    case MIDGE_EVENT_MESSAGE:
      return midge_client_publish(client, &answer, 0) == MIDGE_OK;
    case MIDGE_EVENT_CLOSED:
      printf("%.*s\n", (int)event->closed.text.size,
             (const char *)event->closed.text.data);
      return event->closed.retry_ms != MIDGE_NEVER;
    default:
      return true;
  }
}

/* All events that there are; what is published meanwhile leaves together. */
static bool take_events(midge_reactor *reactor, midge_client *client,
                        midge_slice topic) {
  midge_event event;
  bool goes_on = true;
  midge_reactor_cork(reactor);
  while (goes_on && midge_reactor_event(reactor, &event))
    goes_on = handle(client, &event, topic);
  midge_reactor_uncork(reactor);
  fflush(stdout);
  return goes_on;
}

static void run(midge_reactor *reactor, midge_client *client, midge_slice topic,
                int woken, int near) {
  struct pollfd files[] = {{.fd = woken, .events = POLLIN},
                           {.fd = near, .events = POLLIN}};
  uint64_t times;
  bool goes_on = true;
  while (goes_on && poll(files, 2, -1) > 0) {
    bool any = files[0].revents != 0 &&
               read(woken, &times, sizeof times) == sizeof times;
    if (files[1].revents != 0) any |= midge_reactor_read(reactor);
    if (any) goes_on = take_events(reactor, client, topic);
  }
}

int main(int count, char **arguments) {
  midge_reactor *reactor;
  midge_client *client;
  char why[256];
  if (count != 4) {
    fprintf(stderr, "usage: %s URL TOPIC ANSWERS\n", arguments[0]);
    return 2;
  }

  int woken = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  int near = epoll_create1(EPOLL_CLOEXEC);
  midge_reactor_options of_reactor = {
      .wake = wake, .context = &woken, .helps = true, .epoll = near};
  if (midge_reactor_start(&reactor, &of_reactor) != MIDGE_OK) return 1;
  midge_client_options options = {.url = text(arguments[1])};
  midge_subscription question = {.filter = text(arguments[2])};
  int failed = midge_client_open(&client, reactor, &options, why, sizeof why);
  if (failed) fprintf(stderr, "%s\n", why);
  failed = failed || midge_client_connect(client) ||
           midge_client_subscribe(client, &question, 1,
                                  (midge_request_options){0}, 1);
  if (!failed) run(reactor, client, text(arguments[3]), woken, near);
  midge_reactor_stop(reactor);
  return 1;
}
