#include "filter/websocket.h"

#include "base/slice.h"
#include "base/utf8.h"
#include "filter/common.h"
#include "filter/frame.h"
#include "filter/openssl.h"
#include "filter/upgrade.h"

enum {
  CONTROL_MAX = 125,  /* bytes of a control frame, RFC 6455, 5.5 */
  INPUT_LEAST = 4096, /* room for what is received: less is not worth it */
  FRAME_MAX = 65536,  /* of ours */
  CONTROL_ROOM = 512, /* of the output, kept free for Pong and Close */
  PACKET_MAX = 268435461,
};

/* RFC 6455, section 7.4.1. */
enum {
  NORMAL_CLOSURE = 1000,
  GOING_AWAY = 1001,
  PROTOCOL_ERROR = 1002,
  UNSUPPORTED_DATA = 1003,
  NO_CODE = 1005, /* a Close without one */
  INVALID_PAYLOAD = 1007,
  MESSAGE_TOO_BIG = 1009,
};

/* Frames as RFC 6455 has them: `left` bytes of the frame are still to come,
 * and `in_message` says that a data message has begun and not ended. */
typedef struct websocket {
  midge_common common;
  midge_upgrade upgrade;
  midge_frame_reader header; /* of the next frame */
  void (*random)(void *context, uint8_t *bytes, size_t size);
  void *random_context;
  uint64_t frame_bytes_max;

  uint64_t left;
  uint8_t opcode; /* of the frame at hand */
  bool fin;
  bool in_frame, in_message;
  uint8_t control[CONTROL_MAX]; /* payload of the control frame at hand */
  size_t control_size;

  bool pong_wished; /* for the last Ping alone, RFC 6455, 5.5.3 */
  uint8_t pong[CONTROL_MAX];
  size_t pong_size;
  bool close_sent;
} websocket;

static bool make_random(websocket *self, uint8_t *bytes, size_t size) {
  if (self->random == NULL) return midge_openssl_random(bytes, size);
  self->random(self->random_context, bytes, size);
  return true;
}

/* One frame of what the slices hold up to `size`. The room is there: false when
 * memory or randomness fails. */
static bool send_frame(websocket *self, midge_opcode opcode,
                       const midge_slice *slices, size_t size) {
  uint8_t mask[MIDGE_FRAME_MASK_SIZE];
  midge_pipe *out = &self->common.out;
  uint8_t *to = midge_pipe_reserve(out, MIDGE_FRAME_HEADER_MAX + size);
  if (to == NULL || !make_random(self, mask, sizeof mask)) {
    midge_common_fail_memory(&self->common);
    return false;
  }
  uint8_t *payload = midge_frame_write(to, opcode, size, mask);
  for (size_t done = 0; done < size; slices++) {
    size_t piece = slices->size < size - done ? slices->size : size - done;
    midge_frame_mask(payload + done, midge_slice_of(slices->data, piece), mask,
                     done);
    done += piece;
  }
  midge_pipe_extend(out, (size_t)(payload - to) + size);
  return true;
}

static void send_close(websocket *self, unsigned code) {
  if (self->close_sent) return;
  uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
  midge_slice slice = midge_slice_of(payload, code == NO_CODE ? 0 : 2);
  self->close_sent = true;
  self->common.closing = true;
  send_frame(self, MIDGE_FRAME_CLOSE, &slice, slice.size);
}

static void fail(websocket *self, unsigned code, const char *words) {
  send_close(self, code);
  midge_common_fail_because(&self->common, MIDGE_EWEBSOCKET, words);
}

/* RFC 6455, 7.4: which codes may be in a Close. */
static bool is_close_code(unsigned code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != NO_CODE &&
         code != 1006;
}

static void judge_close(websocket *self, unsigned code, midge_slice reason) {
  send_close(self, code);
  if (code == NORMAL_CLOSURE || code == GOING_AWAY || code == NO_CODE) {
    self->common.filter.state = MIDGE_FILTER_CLOSED;
    return;
  }
  midge_text text = midge_common_fail(&self->common, MIDGE_EWEBSOCKET, NULL);
  midge_text_add(&text, "the server closed the WebSocket with code ");
  midge_text_number(&text, code);
  if (reason.size == 0) return;
  midge_text_add(&text, ": ");
  midge_text_quote(&text, reason);
}

static void hear_close(websocket *self) {
  midge_slice payload = midge_slice_of(self->control, self->control_size);
  if (payload.size == 0) {
    judge_close(self, NO_CODE, payload);
    return;
  }
  unsigned code =
      payload.size < 2 ? 0 : (unsigned)(payload.data[0] << 8 | payload.data[1]);
  if (!is_close_code(code)) {
    fail(self, PROTOCOL_ERROR,
         "the server closed the WebSocket with a code that is none");
    return;
  }
  midge_slice reason = midge_slice_skip(payload, 2);
  if (midge_utf8_check(reason) == MIDGE_UTF8_WRONG) {
    fail(self, INVALID_PAYLOAD,
         "the reason of the server's Close is not UTF-8");
    return;
  }
  judge_close(self, code, reason);
}

/* The answer to a Ping waits when the output is full, and a later Ping takes
 * its place: a flood of them costs no memory. */
static void send_pong(websocket *self) {
  if (!self->pong_wished || self->close_sent ||
      midge_pipe_left(&self->common.out) < CONTROL_ROOM) {
    return;
  }
  midge_slice slice = midge_slice_of(self->pong, self->pong_size);
  self->pong_wished = false;
  send_frame(self, MIDGE_FRAME_PONG, &slice, slice.size);
}

static void hear_ping(websocket *self) {
  midge_slice payload = midge_slice_of(self->control, self->control_size);
  midge_slice_copy(self->pong, payload);
  self->pong_size = payload.size;
  self->pong_wished = true;
  send_pong(self);
}

/* What a frame may not be, seen from its header; 0 when it may. */
static unsigned find_fault(const websocket *self, const midge_frame *frame,
                           const char **words) {
  *words = "the server broke the WebSocket protocol";
  if (frame->masked || frame->reserved) return PROTOCOL_ERROR;
  switch (frame->opcode) {
    case MIDGE_FRAME_CLOSE:
    case MIDGE_FRAME_PING:
    case MIDGE_FRAME_PONG:
      if (frame->fin && frame->size <= CONTROL_MAX) return 0;
      *words = "the server sent a control frame in pieces, or a long one";
      break;
    case MIDGE_FRAME_BINARY:
    case MIDGE_FRAME_CONTINUATION:
      if (self->in_message != (frame->opcode == MIDGE_FRAME_CONTINUATION))
        break;
      if (frame->size <= self->frame_bytes_max) return 0;
      *words = "the server sent a WebSocket frame that is too large";
      return MESSAGE_TOO_BIG;
    case MIDGE_FRAME_TEXT:
      /* [MQTT-6.0.0-1] */
      *words = "the server sent a text frame: MQTT wants binary frames";
      return UNSUPPORTED_DATA;
    default:
      break;
  }
  return PROTOCOL_ERROR;
}

static void begin_frame(websocket *self, const midge_frame *frame) {
  const char *words;
  unsigned code = find_fault(self, frame, &words);
  if (code != 0) {
    fail(self, code, words);
    return;
  }
  self->in_frame = true;
  self->left = frame->size;
  self->opcode = frame->opcode;
  self->fin = frame->fin;
  self->control_size = 0;
}

static void end_frame(websocket *self) {
  self->in_frame = false;
  switch (self->opcode) {
    case MIDGE_FRAME_CLOSE:
      hear_close(self);
      return;
    case MIDGE_FRAME_PING:
      hear_ping(self);
      return;
    case MIDGE_FRAME_PONG:
      return;
    default:
      self->in_message = !self->fin;
      return;
  }
}

/* The next of the payload; false when there is none yet, or no memory. */
static bool hear(websocket *self, midge_slice *bytes) {
  midge_pipe *in = &self->common.in;
  midge_slice piece = *bytes;
  if (piece.size == 0) return false;
  if (piece.size > self->left) piece.size = (size_t)self->left;
  if (self->opcode & MIDGE_FRAME_CONTROL) {
    midge_slice_copy(self->control + self->control_size, piece);
    self->control_size += piece.size;
  } else {
    if (piece.size > midge_pipe_left(in)) piece.size = midge_pipe_left(in);
    if (!midge_pipe_append(in, piece)) {
      midge_common_fail_memory(&self->common);
      return false;
    }
  }
  *bytes = midge_slice_skip(*bytes, piece.size);
  self->left -= piece.size;
  return true;
}

static bool read_header(websocket *self, midge_slice *bytes) {
  midge_frame frame;
  switch (midge_frame_read(&self->header, bytes, &frame)) {
    case MIDGE_FRAME_PARTIAL:
      return false;
    case MIDGE_FRAME_MALFORMED:
      fail(self, PROTOCOL_ERROR, "the server sent a malformed WebSocket frame");
      return false;
    case MIDGE_FRAME_WHOLE:
      break;
  }
  begin_frame(self, &frame);
  return self->in_frame;
}

/* Unframe while there is something, and room for what comes of it. */
static void unframe(websocket *self, midge_slice *bytes) {
  midge_common *common = &self->common;
  while (common->filter.state == MIDGE_FILTER_OPEN &&
         midge_pipe_left(&common->in) >= INPUT_LEAST) {
    if (!self->in_frame && !read_header(self, bytes)) return;
    if (self->left != 0 && !hear(self, bytes)) return;
    if (self->left == 0) end_frame(self);
  }
}

static size_t received(midge_filter *filter, midge_slice bytes) {
  websocket *self = (websocket *)filter;
  midge_slice rest = bytes;
  if (filter->state == MIDGE_FILTER_OPENING) {
    rest = midge_slice_skip(
        rest, midge_upgrade_received(&self->upgrade, &self->common, bytes));
  }
  unframe(self, &rest);
  return bytes.size - rest.size;
}

static void ended(midge_filter *filter) {
  websocket *self = (websocket *)filter;
  if (filter->state == MIDGE_FILTER_OPENING) {
    midge_common_fail_because(
        &self->common, MIDGE_EWEBSOCKET,
        "the server closed the connection during the WebSocket upgrade: "
        "perhaps it does not speak WebSocket on this port");
  } else if (self->close_sent) {
    filter->state = MIDGE_FILTER_CLOSED;
  } else {
    midge_common_fail_because(&self->common, MIDGE_ELOST,
                              "the connection ended without a WebSocket Close");
  }
}

static void sent(midge_filter *filter, size_t size) {
  midge_common_sent(filter, size);
  if (filter->state == MIDGE_FILTER_OPEN) send_pong((websocket *)filter);
}

static size_t write_frame(midge_filter *filter, const midge_slice *slices,
                          size_t count) {
  websocket *self = (websocket *)filter;
  size_t room = midge_pipe_left(&self->common.out);
  if (self->common.closing || room <= CONTROL_ROOM + MIDGE_FRAME_HEADER_MAX)
    return 0;
  room -= CONTROL_ROOM + MIDGE_FRAME_HEADER_MAX;
  if (room > FRAME_MAX) room = FRAME_MAX;

  size_t size = 0;
  for (size_t i = 0; i < count && size < room; i++) {
    size += slices[i].size < room - size ? slices[i].size : room - size;
  }
  if (size == 0) return 0;
  return send_frame(self, MIDGE_FRAME_BINARY, slices, size) ? size : 0;
}

static void close_websocket(midge_filter *filter) {
  if (filter->state == MIDGE_FILTER_OPEN) {
    send_close((websocket *)filter, NORMAL_CLOSURE);
  }
}

static void free_websocket(midge_filter *filter) {
  websocket *self = (websocket *)filter;
  midge_upgrade_free(&self->upgrade);
  midge_common_free(&self->common);
  midge_free(self->common.allocator, self, sizeof(*self));
}

static const midge_filter_kind KIND = {
    .received = received,
    .ended = ended,
    .write = write_frame,
    .close = close_websocket,
    .output = midge_common_output,
    .sent = sent,
    .input = midge_common_input,
    .taken = midge_common_taken,
    .free = free_websocket,
};

static midge_status begin(websocket *self,
                          const midge_websocket_options *options) {
  uint8_t key[MIDGE_UPGRADE_KEY_SIZE];
  if (!make_random(self, key, sizeof key)) return MIDGE_ENOMEM;
  return midge_upgrade_begin(&self->upgrade, &self->common.out, options, key);
}

midge_status midge_websocket_new(midge_filter **filter,
                                 const midge_websocket_options *options) {
  const midge_allocator *allocator =
      midge_allocator_or_default(options->allocator);
  if (!midge_openssl_start()) return MIDGE_ENOMEM;
  websocket *self = midge_allocate_zero(allocator, sizeof(*self));
  if (self == NULL) return MIDGE_ENOMEM;

  midge_common_init(&self->common, &KIND, allocator);
  midge_upgrade_init(&self->upgrade, allocator);
  self->random = options->random;
  self->random_context = options->random_context;
  self->frame_bytes_max =
      options->frame_bytes_max != 0 ? options->frame_bytes_max : PACKET_MAX;

  midge_status status = begin(self, options);
  if (status != MIDGE_OK) {
    free_websocket(&self->common.filter);
    return status;
  }
  *filter = &self->common.filter;
  return MIDGE_OK;
}
