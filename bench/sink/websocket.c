#include "websocket.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  REQUEST_MAX = 8192,
  HEADER_MAX = 14,
  CONTROL_MAX = 125,
};

enum { CONTINUATION = 0, TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* What came in lies in one of three: the request before the upgrade, the
 * header of a frame while it is incomplete, or in a frame (remaining > 0). */
struct sink_websocket {
  bool upgraded;
  char request[REQUEST_MAX + 1];
  size_t request_size;
  uint8_t header[HEADER_MAX];
  size_t header_size;
  uint8_t opcode;
  uint8_t mask[4];
  unsigned mask_at; /* which byte of the mask is next */
  uint64_t remaining;
  uint8_t control[CONTROL_MAX]; /* payload of a ping or close */
  size_t control_size;
};

sink_websocket *websocket_new(void) {
  return calloc(1, sizeof(sink_websocket));
}

void websocket_free(sink_websocket *websocket) {
  free(websocket);
}

/* --- The upgrade --- */

static const char *header_value(const char *request, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strstr(request, "\r\n"); line;
       line = strstr(line + 2, "\r\n")) {
    if (strncasecmp(line + 2, name, length)) continue;
    if (line[2 + length] != ':') continue;
    return line + 2 + length + 1 + strspn(line + 2 + length + 1, " ");
  }
  return NULL;
}

static bool answer_upgrade(sink_websocket *websocket, sink_bytes *out) {
  const char *key = header_value(websocket->request, "Sec-WebSocket-Key");
  if (!key) return false;
  char text[128];
  size_t length = strcspn(key, " \r\n");
  if (length > 64) return false;
  snprintf(text, sizeof text, "%.*s258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
           (int)length, key);
  uint8_t digest[SHA_DIGEST_LENGTH];
  char accept[32];
  SHA1((const uint8_t *)text, strlen(text), digest);
  EVP_EncodeBlock((uint8_t *)accept, digest, sizeof digest);
  const char *subprotocol =
      header_value(websocket->request, "Sec-WebSocket-Protocol");
  char answer[256];
  int size =
      snprintf(answer, sizeof answer,
               "HTTP/1.1 101 Switching Protocols\r\n"
               "Upgrade: websocket\r\n"
               "Connection: Upgrade\r\n"
               "Sec-WebSocket-Accept: %s\r\n%s\r\n",
               accept, subprotocol ? "Sec-WebSocket-Protocol: mqtt\r\n" : "");
  bytes_put(out, answer, (size_t)size);
  websocket->upgraded = true;
  return true;
}

/* Returns how many bytes of `from` belonged to the request; -1 on failure. */
static long take_request(sink_websocket *websocket, const uint8_t *from,
                         size_t size, sink_bytes *out) {
  size_t old = websocket->request_size;
  size_t room = REQUEST_MAX - old;
  size_t copied = size < room ? size : room;
  memcpy(websocket->request + old, from, copied);
  websocket->request[old + copied] = 0;
  websocket->request_size = old + copied;
  char *end = strstr(websocket->request, "\r\n\r\n");
  if (!end) return copied == size ? (long)size : -1;
  size_t length = (size_t)(end + 4 - websocket->request);
  if (!answer_upgrade(websocket, out)) return -1;
  return (long)(length - old);
}

/* --- Frames --- */

static size_t header_needed(const sink_websocket *websocket) {
  if (websocket->header_size < 2) return 2;
  unsigned length = websocket->header[1] & 0x7f;
  return 6 + (length == 126 ? 2u : length == 127 ? 8u : 0u);
}

/* One byte at a time: headers are a handful of bytes. */
static bool take_header(sink_websocket *websocket, uint8_t byte) {
  websocket->header[websocket->header_size++] = byte;
  size_t needed = header_needed(websocket);
  if (websocket->header_size < needed || needed == 2) return true;
  const uint8_t *header = websocket->header;
  if (!(header[1] & 0x80)) return false; /* a client must mask: 5.1 */
  websocket->opcode = header[0] & 0x0f;
  uint64_t length = header[1] & 0x7f;
  if (length >= 126) {
    size_t count = length == 126 ? 2 : 8;
    length = 0;
    for (size_t i = 0; i < count; i++) length = length << 8 | header[2 + i];
  }
  if (websocket->opcode >= CLOSE && length > CONTROL_MAX) return false;
  memcpy(websocket->mask, header + needed - 4, 4);
  websocket->mask_at = 0;
  websocket->remaining = length;
  websocket->header_size = 0;
  websocket->control_size = 0;
  return true;
}

static void unmask(sink_websocket *websocket, uint8_t *to, const uint8_t *from,
                   size_t size) {
  uint8_t mask[8];
  for (unsigned i = 0; i < 8; i++)
    mask[i] = websocket->mask[(websocket->mask_at + i) & 3];
  uint64_t wide;
  memcpy(&wide, mask, 8);
  size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    uint64_t word;
    memcpy(&word, from + i, 8);
    word ^= wide;
    memcpy(to + i, &word, 8);
  }
  for (; i < size; i++) to[i] = from[i] ^ mask[i & 7];
  websocket->mask_at = (websocket->mask_at + (unsigned)(size & 3)) & 3;
}

static bool end_control(sink_websocket *websocket, sink_bytes *out) {
  if (websocket->opcode == CLOSE) return false;
  if (websocket->opcode != PING) return true;
  uint8_t header[2] = {0x80 | PONG, (uint8_t)websocket->control_size};
  if (bytes_free_room(out) < 2 + CONTROL_MAX) return false;
  bytes_put(out, header, 2);
  bytes_put(out, websocket->control, websocket->control_size);
  return true;
}

/* The payload moves to `to`, which is never behind `from`. */
static size_t take_payload(sink_websocket *websocket, uint8_t *to,
                           const uint8_t *from, size_t size) {
  if (size > websocket->remaining) size = (size_t)websocket->remaining;
  if (websocket->opcode >= CLOSE) {
    unmask(websocket, websocket->control + websocket->control_size, from, size);
    websocket->control_size += size;
  } else {
    unmask(websocket, to, from, size);
  }
  websocket->remaining -= size;
  return size;
}

bool websocket_unwrap(sink_websocket *websocket, sink_bytes *in, size_t plain,
                      sink_bytes *out) {
  uint8_t *to = in->data + in->start + plain;
  const uint8_t *from = to, *end = in->data + in->end;
  while (from < end) {
    if (!websocket->upgraded) {
      long size = take_request(websocket, from, (size_t)(end - from), out);
      if (size < 0) return false;
      from += size;
      continue;
    }
    if (websocket->remaining > 0) {
      size_t size = take_payload(websocket, to, from, (size_t)(end - from));
      if (websocket->opcode < CLOSE) to += size;
      from += size;
    } else {
      if (!take_header(websocket, *from++)) return false;
      if (websocket->header_size > 0) continue;
    }
    if (websocket->remaining == 0 && websocket->opcode >= CLOSE &&
        !end_control(websocket, out))
      return false;
  }
  in->end = (size_t)(to - in->data);
  return true;
}

size_t websocket_header_size(size_t size) {
  return size < 126 ? 2 : size < 65536 ? 4 : 10;
}

void websocket_header(uint8_t *to, size_t size) {
  size_t count = websocket_header_size(size) - 2;
  to[0] = 0x80 | BINARY;
  to[1] = (uint8_t)(count == 0 ? size : count == 2 ? 126 : 127);
  for (size_t i = 0; i < count; i++)
    to[2 + i] = (uint8_t)((uint64_t)size >> (8 * (count - 1 - i)));
}
