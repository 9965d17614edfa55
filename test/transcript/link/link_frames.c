#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "filter/base64.h"
#include "filter/openssl.h"
#include "transcript/link/link_driver.h"

enum { BINARY = 0x82, SMALL_MAX = 125, MASK_SIZE = 4, DIGEST_SIZE = 20 };

/* Small frames of a client, masked: RFC 6455, 5.2. */
void frames_open(link_driver *d) {
  bytes *s = &d->stream;
  while (s->size >= 2 + MASK_SIZE) {
    size_t size = s->data[1] & 0x7f;
    if (size > SMALL_MAX) link_fail(d, "a frame too large for a transcript");
    if (size > SMALL_MAX || s->size < 2 + MASK_SIZE + size) return;
    uint8_t *mask = s->data + 2, *at = mask + MASK_SIZE;
    for (size_t i = 0; i < size; i++) at[i] ^= mask[i % MASK_SIZE];
    if (s->data[0] == BINARY) bytes_add(&d->mqtt, at, size);
    bytes_drop(s, 2 + MASK_SIZE + size);
  }
}

void frames_wrap(bytes *to, const uint8_t *data, size_t size) {
  while (size > 0) {
    size_t part = size < SMALL_MAX ? size : SMALL_MAX;
    uint8_t head[2] = {BINARY, (uint8_t)part};
    bytes_add(to, head, sizeof head);
    bytes_add(to, data, part);
    data += part;
    size -= part;
  }
}

char *frames_accept(const link_driver *d, const char *protocol) {
  char joined[128], *text = NULL;
  uint8_t digest[DIGEST_SIZE], accept[MIDGE_BASE64_SIZE(DIGEST_SIZE)];
  int size = snprintf(joined, sizeof joined,
                      "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", d->key);
  bool good = midge_openssl_sha1(
      digest, midge_slice_of((uint8_t *)joined, (size_t)size));
  midge_base64(accept, midge_slice_of(digest, DIGEST_SIZE));
  size_t room = 0;
  FILE *to = open_memstream(&text, &room);
  fprintf(to,
          "HTTP/1.1 %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: %.*s\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
          good ? "101 Switching Protocols" : "500 No", (int)sizeof accept,
          accept, protocol);
  fclose(to);
  return text;
}
