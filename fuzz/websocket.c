/* A WebSocket server that says anything. The first byte chooses whether the
 * upgrade is already done, the second how the bytes are cut, and the rest is
 * what the server says: whole or cut, it comes to the same, and what is passed
 * up is what a slower reader finds in the frames. */
#include "filter/websocket.h"

#include <string.h>

#include "check.h"
#include "drive.h"

enum { UPGRADED = 1, ENDS = 2, SMALL = 4, FRAME_SMALL = 20 };

static void count_up(void *context, uint8_t *bytes, size_t size) {
  (void)context;
  for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(i + 1);
}

/* The answer to the key that count_up makes. */
static const char answer[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\n"
    "Sec-WebSocket-Accept: C/0nmHhBztSRGR1CwL6Tf4ZjwpY=\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

static drive run(unsigned flags, midge_slice bytes, size_t cut) {
  const midge_websocket_options options = {
      .host = MIDGE_TEXT("h"),
      .random = count_up,
      .frame_bytes_max = flags & SMALL ? FRAME_SMALL : 0,
  };
  drive it = {.filter = NULL};
  CHECK(midge_websocket_new(&it.filter, &options) == MIDGE_OK);
  drive_drain(&it);
  if (flags & UPGRADED) {
    drive_feed(&it, (midge_slice){(const uint8_t *)answer, sizeof answer - 1},
               sizeof answer);
    CHECK(midge_filter_state_of(it.filter) == MIDGE_FILTER_OPEN);
  }
  drive_feed(&it, bytes, cut);
  if (flags & ENDS) {
    midge_filter_ended(it.filter);
    CHECK(midge_filter_state_of(it.filter) != MIDGE_FILTER_OPENING);
    CHECK(midge_filter_state_of(it.filter) != MIDGE_FILTER_OPEN);
    drive_check(&it);
  }
  drive_drain(&it);
  return it;
}

/* RFC 6455, 5, one frame after the other; adds to `up` what is whole or begun,
 * until one is wrong or a Close. */
static void read_frames(midge_slice bytes, size_t frame_max, stream *up) {
  size_t at = 0;
  bool in_message = false;
  while (bytes.size - at >= 2) {
    unsigned first = bytes.data[at], opcode = first & 15;
    uint64_t size = bytes.data[at + 1];
    size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
    bool control = opcode >= 8;
    if (first & 0x70 || size & 0x80) return;
    if (control && (opcode > 10 || !(first & 0x80) || size > 125)) return;
    if (!control && (opcode == 1 || opcode > 2 || in_message == (opcode == 2)))
      return;
    at += 2;
    if (bytes.size - at < more) return;
    if (more != 0) size = 0;
    for (size_t i = 0; i < more; i++) size = size << 8 | bytes.data[at++];
    if ((more == 2 && size < 126) || (more == 8 && size < 65536)) return;
    if (!control && size > frame_max) return;
    size_t here = bytes.size - at < size ? bytes.size - at : (size_t)size;
    if (!control) {
      stream_add(up, (midge_slice){bytes.data + at, here});
      in_message = !(first & 0x80);
    }
    at += here;
    if (here < size || opcode == 8) return;
  }
}

static void check_payload(unsigned flags, midge_slice bytes, const drive *it) {
  stream expected = {NULL, 0, 0};
  read_frames(bytes, flags & SMALL ? FRAME_SMALL : 268435461, &expected);
  CHECK(it->up.size == expected.size);
  CHECK(expected.size == 0 ||
        memcmp(it->up.bytes, expected.bytes, expected.size) == 0);
  stream_free(&expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  unsigned flags = data[0];
  size_t cut = data[1] == 0 ? 1 : data[1];
  midge_slice bytes = {data + 2, size - 2};

  drive whole = run(flags, bytes, SIZE_MAX);
  drive pieces = run(flags, bytes, cut);
  drive_compare(&whole, &pieces);
  if (flags & UPGRADED) check_payload(flags, bytes, &whole);
  drive_free(&whole);
  drive_free(&pieces);
  return 0;
}
