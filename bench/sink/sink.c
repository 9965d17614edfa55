/* A counting MQTT server: as fast as a server can be that does nothing.
 *
 *     sink <file for the certificate>
 *
 * The first line on stdout names the ports, as JSON. Then come the lines
 *
 *     halfway <client id> <ns>       half as many publishes as the id asked for
 *     counted <client id> <ns>       as many publishes as the id asked for
 *     acknowledged <client id> <ns>  a stream of QoS 1 or 2 is acknowledged
 *     error <client id> <text>       the client broke the protocol
 *     totals {...}                   the answer to a line on stdin
 *
 * with the time of CLOCK_MONOTONIC. It ends when stdin does. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "peer.h"

enum { EVENTS_MAX = 64, BACKLOG = 1024 };

typedef struct sink_listener {
  const char *scheme;
  bool tls, websocket;
  int fd;
} sink_listener;

static sink_listener listeners[] = {
    {"mqtt", false, false, -1},
    {"mqtts", true, false, -1},
    {"ws", false, true, -1},
    {"wss", true, true, -1},
};
enum { LISTENERS = sizeof listeners / sizeof *listeners };

/* What epoll's pointer points at: a listener, a peer, or null for stdin. */
static int poller;
static SSL_CTX *tls_context;

static bool is_listener(const void *pointer) {
  return pointer >= (void *)listeners &&
         pointer < (void *)(listeners + LISTENERS);
}

static bool watch(int operation, int fd, uint32_t events, void *pointer) {
  struct epoll_event event = {.events = events, .data.ptr = pointer};
  return epoll_ctl(poller, operation, fd, &event) == 0;
}

/* Returns the port, or 0. */
static unsigned start_listening(sink_listener *listener) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (listener->fd < 0) return 0;
  if (bind(listener->fd, (struct sockaddr *)&address, size) ||
      listen(listener->fd, BACKLOG) ||
      getsockname(listener->fd, (struct sockaddr *)&address, &size) ||
      !watch(EPOLL_CTL_ADD, listener->fd, EPOLLIN, listener))
    return 0;
  return ntohs(address.sin_port);
}

static bool start(const char *certificate_path) {
  poller = epoll_create1(0);
  tls_context = certificate_context(certificate_path);
  if (poller < 0 || !tls_context) return false;
  printf("{");
  for (int i = 0; i < LISTENERS; i++) {
    unsigned port = start_listening(&listeners[i]);
    if (!port) return false;
    printf("%s\"%s\": %u", i ? ", " : "", listeners[i].scheme, port);
  }
  printf("}\n");
  fflush(stdout);
  return watch(EPOLL_CTL_ADD, STDIN_FILENO, EPOLLIN, NULL);
}

static void accept_all(const sink_listener *listener) {
  for (;;) {
    int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    sink_peer *peer =
        peer_new(fd, listener->tls ? tls_context : NULL, listener->websocket);
    if (peer && !watch(EPOLL_CTL_ADD, fd, EPOLLIN, peer)) peer_free(peer);
  }
}

static void serve(sink_peer *peer) {
  if (!peer_turn(peer)) {
    peer_free(peer); /* closing takes it out of the poller */
    return;
  }
  uint32_t events = (peer_wants_to_read(peer) ? EPOLLIN : 0u) |
                    (peer_wants_to_write(peer) ? EPOLLOUT : 0u);
  if (!watch(EPOLL_CTL_MOD, peer_fd(peer), events, peer)) abort();
}

/* False at the end of stdin. */
static bool answer_stdin(void) {
  char line[256];
  if (read(STDIN_FILENO, line, sizeof line) <= 0) return false;
  printf("totals {\"connections\": %" PRIu64 ", \"resumed\": %" PRIu64
         ", \"publishes\": %" PRIu64 "}\n",
         totals.connections, totals.resumed, totals.publishes);
  fflush(stdout);
  return true;
}

/* What a connection had is the next one's: to map its buffers and to unmap them
 * was a quarter of what it cost. */
static void keep_memory(void) {
  mallopt(M_MMAP_THRESHOLD, 32 << 20); /* all of them */
  mallopt(M_TRIM_THRESHOLD, -1);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: sink <file for the certificate>\n");
    return 2;
  }
  keep_memory();
  if (!start(argv[1])) {
    perror("sink");
    return 1;
  }
  for (;;) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(poller, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      void *pointer = events[i].data.ptr;
      if (!pointer && !answer_stdin()) return 0;
      if (!pointer) continue;
      if (is_listener(pointer))
        accept_all(pointer);
      else
        serve(pointer);
    }
  }
}
