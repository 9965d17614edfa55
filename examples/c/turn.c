/* A session on a transport of your own: here a blocking program with a TCP
 * socket and poll(). Everything that midge does for a session of yours is in
 * turn(); the rest is this program.
 *
 *     example_turn localhost 1883 'house/#' */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "midge/session.h"

enum { SLICES_MAX = 16, READ_MAX = 4096 };

static midge_time now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (midge_time)time.tv_sec * 1000 + (midge_time)time.tv_nsec / 1000000;
}

/* Returns how much the transport took: less than all is fine, nothing too. */
static size_t send_slices(int socket, const midge_slice *slices, size_t count) {
  struct iovec parts[SLICES_MAX];
  for (size_t i = 0; i < count; i++)
    parts[i] = (struct iovec){(void *)slices[i].data, slices[i].size};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = count};
  ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent > 0 ? (size_t)sent : 0;
}

/* What the program makes of an event. It may wish for more right here. */
static void handle(const midge_event *event) {
  if (event->type == MIDGE_EVENT_MESSAGE)
    printf("%.*s %.*s\n", (int)event->message.topic.size,
           (const char *)event->message.topic.data,
           (int)event->message.payload.size,
           (const char *)event->message.payload.data);
  if (event->type == MIDGE_EVENT_CLOSED)
    printf("%.*s\n", (int)event->closed.text.size,
           (const char *)event->closed.text.data);
  fflush(stdout);
}

/* One turn: the clock, the facts, then the three things to do. False when the
 * session is done with this connection. */
static bool turn(midge_session *session, int socket, midge_slice received) {
  bool open = true;
  midge_session_elapsed(session, now());
  midge_session_received(session, received);

  midge_event event;
  while (midge_session_event(session, &event)) {
    handle(&event);
    if (event.type == MIDGE_EVENT_CLOSED) open = false;
  }

  /* Only a durable session has records: put them into your store, commit, and
   * what depends on them may be sent. */
  midge_record record = {0};
  while (midge_session_record(session, &record)) continue;
  midge_session_committed(session, record.position);

  midge_slice slices[SLICES_MAX];
  size_t count;
  while ((count = midge_session_output(session, slices, SLICES_MAX)) != 0) {
    size_t size = send_slices(socket, slices, count);
    if (size == 0) break;
    midge_session_sent(session, size);
  }
  return open;
}

/* Until when poll() may sleep. */
static int patience(const midge_session *session) {
  midge_time deadline = midge_session_deadline(session), time = now();
  if (deadline <= time) return 0;
  return deadline - time < 60000 ? (int)(deadline - time) : 60000;
}

static void drive(midge_session *session, int socket) {
  uint8_t bytes[READ_MAX];
  size_t size = 0;
  midge_session_elapsed(session, now());
  midge_session_connected(session);
  while (turn(session, socket, (midge_slice){bytes, size})) {
    struct pollfd wait = {.fd = socket, .events = POLLIN};
    if (midge_session_backlog(session) != 0) wait.events |= POLLOUT;
    size = 0;
    if (poll(&wait, 1, patience(session)) <= 0) continue;
    if ((wait.revents & (POLLIN | POLLERR | POLLHUP)) == 0) continue;
    ssize_t got = recv(socket, bytes, sizeof bytes, 0);
    if (got <= 0) break;
    size = (size_t)got;
  }
  midge_session_disconnected(session, false);
}

static int dial(const char *host, const char *port) {
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
  if (getaddrinfo(host, port, &hints, &found) != 0) return -1;
  int connected = -1;
  for (struct addrinfo *at = found; at && connected < 0; at = at->ai_next) {
    connected = socket(at->ai_family, SOCK_STREAM, 0);
    if (connect(connected, at->ai_addr, at->ai_addrlen) == 0) break;
    close(connected);
    connected = -1;
  }
  freeaddrinfo(found);
  return connected;
}

int main(int count, char **arguments) {
  midge_session *session;
  if (count != 4) {
    fprintf(stderr, "usage: %s HOST PORT FILTER\n", arguments[0]);
    return 2;
  }
  int socket = dial(arguments[1], arguments[2]);
  if (socket < 0) return 1;
  if (midge_session_new(&session, &(midge_session_options){0})) return 1;

  midge_slice filter = {(const uint8_t *)arguments[3], strlen(arguments[3])};
  midge_subscription all = {.filter = filter, .qos = MIDGE_AT_LEAST_ONCE};
  midge_status status =
      midge_session_subscribe(session, &all, 1, (midge_request_options){0}, 0);
  if (status == MIDGE_OK) drive(session, socket);

  midge_session_free(session);
  close(socket);
  return status == MIDGE_OK ? 0 : 1;
}
