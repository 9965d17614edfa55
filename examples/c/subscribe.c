/* Print every message whose topic matches a filter:
 *
 *     example_subscribe mqtt://localhost 'house/#' */
#include <stdio.h>
#include <string.h>

#include "midge/client.h"

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

static int print(midge_slice slice) {
  return printf("%.*s", (int)slice.size, (const char *)slice.data);
}

static void show(const midge_event *event) {
  switch (event->type) {
    case MIDGE_EVENT_MESSAGE:
      print(event->message.topic);
      putchar(' ');
      print(event->message.payload);
      break;
    case MIDGE_EVENT_OPENED:
      print(MIDGE_TEXT("connected"));
      break;
    case MIDGE_EVENT_DONE: /* of the subscription: there is no other wish */
      printf("subscribe: %s", midge_status_text(event->done.status));
      break;
    case MIDGE_EVENT_CLOSED:
      print(event->closed.text);
      break;
    default:
      return;
  }
  putchar('\n');
  fflush(stdout);
}

int main(int count, char **arguments) {
  midge_reactor *reactor;
  midge_client *client;
  midge_event event = {0};
  char why[256];
  if (count != 3) {
    fprintf(stderr, "usage: %s URL FILTER\n", arguments[0]);
    return 2;
  }

  if (midge_reactor_start(&reactor, &(midge_reactor_options){0})) return 1;
  midge_client_options options = {.url = text(arguments[1])};
  midge_subscription all = {.filter = text(arguments[2]),
                            .qos = MIDGE_AT_LEAST_ONCE};
  int failed = midge_client_open(&client, reactor, &options, why, sizeof why);
  if (failed) fprintf(stderr, "%s\n", why);

  /* The subscription waits for the connection, and is made again on the next
   * one if the server has forgotten it. */
  failed =
      failed || midge_client_connect(client) ||
      midge_client_subscribe(client, &all, 1, (midge_request_options){0}, 1);
  while (!failed && midge_reactor_wait(reactor, &event, MIDGE_NEVER)) {
    show(&event);
    failed = event.type == MIDGE_EVENT_CLOSED &&
             event.closed.retry_ms == MIDGE_NEVER;
  }
  midge_reactor_stop(reactor);
  return 1;
}
