#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

bool link_open(sink_link *link, int fd, SSL_CTX *tls, bool over_websocket) {
  *link = (sink_link){.fd = fd};
  if (tls) {
    link->ssl = SSL_new(tls);
    if (!link->ssl || !SSL_set_fd(link->ssl, fd)) goto fail;
    SSL_set_accept_state(link->ssl);
  }
  if (over_websocket) {
    link->websocket = websocket_new();
    if (!link->websocket) goto fail;
  }
  return true;
fail:
  link_close(link);
  return false;
}

void link_close(sink_link *link) {
  if (link->ssl) {
    /* A session that was not shut down is not resumed by some. */
    SSL_set_quiet_shutdown(link->ssl, 1);
    SSL_shutdown(link->ssl);
    SSL_free(link->ssl);
  }
  websocket_free(link->websocket);
  close(link->fd);
  *link = (sink_link){.fd = -1};
}

void link_finish(sink_link *link) {
  if (link->ssl) SSL_shutdown(link->ssl);
  shutdown(link->fd, SHUT_WR);
}

static link_result tls_result(SSL *ssl, int result) {
  int error = SSL_get_error(ssl, result);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
    return LINK_WAIT;
  return LINK_CLOSED;
}

static link_result read_tls(sink_link *link, sink_bytes *in) {
  bool any = false;
  for (;;) {
    size_t room = in->capacity - in->end, size = 0;
    if (room == 0) return LINK_OK;
    int result = SSL_read_ex(link->ssl, in->data + in->end, room, &size);
    if (result == 1) {
      in->end += size;
      any = true;
      continue;
    }
    link_result why = tls_result(link->ssl, result);
    return any ? LINK_OK : why;
  }
}

/* Everything that is behind `in` is room: the caller moved it to the front. */
static link_result read_raw(sink_link *link, sink_bytes *in) {
  if (link->ssl) return read_tls(link, in);
  ssize_t size = recv(link->fd, in->data + in->end, in->capacity - in->end, 0);
  if (size > 0) {
    in->end += (size_t)size;
    return LINK_OK;
  }
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return LINK_WAIT;
  return LINK_CLOSED;
}

link_result link_read(sink_link *link, sink_bytes *in, sink_bytes *out) {
  bytes_room(in, bytes_free_room(in));
  size_t before = bytes_filled(in);
  link_result result = read_raw(link, in);
  if (result != LINK_OK || !link->websocket) return result;
  return websocket_unwrap(link->websocket, in, before, out) ? LINK_OK
                                                            : LINK_CLOSED;
}

static link_result write_tls(sink_link *link, sink_bytes *out) {
  size_t size = 0;
  int result =
      SSL_write_ex(link->ssl, out->data + out->start, bytes_filled(out), &size);
  if (result != 1) return tls_result(link->ssl, result);
  bytes_take(out, size);
  return LINK_OK;
}

static link_result write_tcp(sink_link *link, sink_bytes *out) {
  ssize_t size =
      send(link->fd, out->data + out->start, bytes_filled(out), MSG_NOSIGNAL);
  if (size < 0) return errno == EAGAIN ? LINK_WAIT : LINK_CLOSED;
  bytes_take(out, (size_t)size);
  return LINK_OK;
}

link_result link_write(sink_link *link, sink_bytes *out) {
  while (bytes_filled(out) > 0) {
    link_result result =
        link->ssl ? write_tls(link, out) : write_tcp(link, out);
    if (result != LINK_OK) return result;
  }
  return LINK_OK;
}

uint8_t *link_packet(const sink_link *link, sink_bytes *out, size_t size) {
  size_t header = link->websocket ? websocket_header_size(size) : 0;
  uint8_t *room = bytes_room(out, header + size);
  if (!room) return NULL;
  if (link->websocket) websocket_header(room, size);
  out->end += header + size;
  return room + header;
}
