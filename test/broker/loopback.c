#include "loopback.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

int loopback_bind(uint16_t *port) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof in;
  int bound = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(bound, (struct sockaddr *)&in, sizeof in), 0);
  getsockname(bound, (struct sockaddr *)&in, &size);
  *port = ntohs(in.sin_port);
  return bound;
}

bool loopback_accepts(uint16_t port) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_port = htons(port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int connection = socket(AF_INET, SOCK_STREAM, 0);
  bool connected = connect(connection, (struct sockaddr *)&in, sizeof in) == 0;
  close(connection);
  return connected;
}
