#include "socket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "test.h"

const char *accept_of(midge_slice request) {
  static char accept[64];
  static const char NAME[] = "Sec-WebSocket-Key: ";
  char joined[128];
  uint8_t digest[SHA_DIGEST_LENGTH];
  char *text = calloc(1, request.size + 1);
  memcpy(text, request.data, request.size);
  const char *key = strstr(text, NAME);
  assert_non_null(key);
  snprintf(joined, sizeof(joined), "%.24s%s", key + strlen(NAME),
           "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
  free(text);
  SHA1((const uint8_t *)joined, strlen(joined), digest);
  EVP_EncodeBlock((uint8_t *)accept, digest, sizeof(digest));
  return accept;
}

void add_frame(bytes *to, unsigned first, midge_slice payload) {
  uint8_t head[10] = {(uint8_t)first};
  size_t size = 2;
  if (payload.size < 126) {
    head[1] = (uint8_t)payload.size;
  } else if (payload.size < 65536) {
    head[1] = 126;
    head[2] = (uint8_t)(payload.size >> 8);
    head[3] = (uint8_t)payload.size;
    size = 4;
  } else {
    head[1] = 127;
    for (int i = 0; i < 8; i++) {
      head[2 + i] = (uint8_t)((uint64_t)payload.size >> (56 - 8 * i));
    }
    size = 10;
  }
  bytes_add(to, midge_slice_of(head, size));
  bytes_add(to, payload);
}

bytes next_frame(bytes *from, unsigned *first) {
  assert_true(from->size >= 6);
  *first = from->data[0];
  assert_true(from->data[1] & 0x80);
  size_t size = from->data[1] & 0x7f, at = 2;
  if (size == 126) {
    size = (size_t)from->data[2] << 8 | from->data[3];
    at = 4;
  } else if (size == 127) {
    size = 0;
    for (at = 2; at < 10; at++) size = size << 8 | from->data[at];
  }
  const uint8_t *mask = from->data + at;
  at += 4;
  assert_true(from->size >= at + size);
  bytes payload = {NULL, 0, 0};
  bytes_add(&payload, midge_slice_of(from->data + at, size));
  for (size_t i = 0; i < size; i++) payload.data[i] ^= mask[i % 4];
  bytes_drop(from, at + size);
  return payload;
}

midge_filter *open_websocket(const midge_websocket_options *options) {
  midge_filter *filter;
  char answer[512];
  bytes request = {NULL, 0, 0}, input = {NULL, 0, 0};
  assert_int_equal(midge_websocket_new(&filter, options), MIDGE_OK);
  collect(filter, SIZE_MAX, &request);
  snprintf(answer, sizeof(answer),
           "HTTP/1.1 101 Switching Protocols\r\n"
           "Upgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
           accept_of(bytes_slice(&request)));
  feed(filter, midge_slice_text(answer), SIZE_MAX, &input);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
  assert_int_equal(input.size, 0);
  bytes_free(&request);
  bytes_free(&input);
  return filter;
}
