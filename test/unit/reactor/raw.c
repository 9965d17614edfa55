#include "raw.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void raw_listen(raw *r) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof in;
  r->socket = -1;
  r->listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_true(r->listener >= 0);
  assert_int_equal(bind(r->listener, (struct sockaddr *)&in, size), 0);
  assert_int_equal(listen(r->listener, 8), 0);
  assert_int_equal(getsockname(r->listener, (struct sockaddr *)&in, &size), 0);
  snprintf(r->url, sizeof r->url, "mqtt://127.0.0.1:%u", ntohs(in.sin_port));
}

void raw_accept(raw *r) {
  if (r->socket >= 0) close(r->socket);
  r->socket = accept(r->listener, NULL, NULL);
  assert_true(r->socket >= 0);
}

void raw_close(raw *r) {
  if (r->socket >= 0) close(r->socket);
  close(r->listener);
}

void raw_read_until(raw *r, midge_slice bytes) {
  static uint8_t room[1 << 16];
  size_t size = 0;
  while (memmem(room, size, bytes.data, bytes.size) == NULL) {
    assert_true(size < sizeof room);
    ssize_t more = recv(r->socket, room + size, sizeof room - size, 0);
    assert_true(more > 0);
    size += (size_t)more;
  }
}

size_t raw_read_to_end(raw *r) {
  static uint8_t room[1 << 16];
  size_t size = 0;
  ssize_t more;
  while ((more = recv(r->socket, room, sizeof room, 0)) > 0)
    size += (size_t)more;
  return size;
}

void raw_write(raw *r, midge_slice bytes) {
  assert_int_equal(send(r->socket, bytes.data, bytes.size, MSG_NOSIGNAL),
                   bytes.size);
}
