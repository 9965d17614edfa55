#include "loopback.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit/harness.h"

/* Outside of what the system gives away, so that a port that is free stays so
 * until the program that is told it binds it. */
enum { PORT_FIRST = 12000, PORTS = 20000 };

int loopback_bind(uint16_t *port) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int bound = socket(AF_INET, SOCK_STREAM, 0);
  do {
    assert_int_equal(getentropy(port, sizeof *port), 0);
    *port = (uint16_t)(PORT_FIRST + *port % PORTS);
    in.sin_port = htons(*port);
  } while (bind(bound, (struct sockaddr *)&in, sizeof in) != 0);
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
