#include "filter/websocket.h"

#include <wslay/wslay.h>

#include "base/slice.h"
#include "base/utf8.h"
#include "filter/common.h"
#include "filter/openssl.h"
#include "filter/upgrade.h"

enum {
  CONTROL_MAX = 125,  /* bytes of a control frame, RFC 6455, 5.5 */
  HEADER_MAX = 14,    /* of a frame with its mask */
  CHUNK_MAX = 4096,   /* most that one wslay_frame_recv hands out */
  FRAME_MAX = 65536,  /* of ours */
  CONTROL_ROOM = 512, /* of the output, kept free for Pong and Close */
  NO_CODE = 1005,     /* a Close without a code, RFC 6455, 7.1.5 */
  PACKET_MAX = 268435461,
};

/* Frames as RFC 6455 has them: `left` bytes of the frame are still to come,
 * and `in_message` says that a data message has begun and not ended. */
typedef struct websocket {
  midge_common common;
  midge_upgrade upgrade;
  wslay_frame_context_ptr wslay;
  midge_slice feed; /* what wslay may read now */
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
  bool below_ended;
} websocket;

static ssize_t feed_wslay(uint8_t *to, size_t size, int flags, void *context) {
  websocket *self = context;
  (void)flags;
  if (self->feed.size < size) size = self->feed.size;
  if (size == 0) return -1;

  midge_slice_copy(to, midge_slice_of(self->feed.data, size));
  self->feed = midge_slice_skip(self->feed, size);
  return (ssize_t)size;
}

static ssize_t drain_wslay(const uint8_t *from, size_t size, int flags,
                           void *context) {
  websocket *self = context;
  (void)flags;
  bool kept = midge_pipe_append(&self->common.out, midge_slice_of(from, size));
  return kept ? (ssize_t)size : -1;
}

static int make_mask(uint8_t *mask, size_t size, void *context) {
  websocket *self = context;
  if (self->random != NULL) {
    self->random(self->random_context, mask, size);
    return 0;
  }
  return midge_openssl_random(mask, size) ? 0 : -1;
}

/* One frame of what the slices hold up to `size`. The room is there, so wslay
 * takes all unless memory or randomness fails. */
static bool send_frame(websocket *self, uint8_t opcode,
                       const midge_slice *slices, size_t size) {
  size_t done = 0;
  do {
    size_t piece = size == 0 ? 0 : slices->size;
    if (piece > size - done) piece = size - done;
    struct wslay_frame_iocb iocb = {
        .fin = 1,
        .opcode = opcode,
        .payload_length = size,
        .mask = 1,
        .data = piece == 0 ? NULL : slices->data,
        .data_length = piece,
    };
    if (size != 0 && piece == 0) {
      slices++;
      continue;
    }
    if (wslay_frame_send(self->wslay, &iocb) != (ssize_t)piece) {
      midge_common_fail_memory(&self->common);
      return false;
    }
    done += piece;
    slices++;
  } while (done < size);
  return true;
}

static void send_close(websocket *self, unsigned code) {
  if (self->close_sent) return;
  uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
  midge_slice slice = midge_slice_of(payload, code == NO_CODE ? 0 : 2);
  self->close_sent = true;
  self->common.closing = true;
  send_frame(self, WSLAY_CONNECTION_CLOSE, &slice, slice.size);
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
  if (code == WSLAY_CODE_NORMAL_CLOSURE || code == WSLAY_CODE_GOING_AWAY ||
      code == NO_CODE) {
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
    fail(self, WSLAY_CODE_PROTOCOL_ERROR,
         "the server closed the WebSocket with a code that is none");
    return;
  }
  midge_slice reason = midge_slice_skip(payload, 2);
  if (midge_utf8_check(reason) == MIDGE_UTF8_WRONG) {
    fail(self, WSLAY_CODE_INVALID_FRAME_PAYLOAD_DATA,
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
  send_frame(self, WSLAY_PONG, &slice, slice.size);
}

static void hear_ping(websocket *self) {
  midge_slice payload = midge_slice_of(self->control, self->control_size);
  midge_slice_copy(self->pong, payload);
  self->pong_size = payload.size;
  self->pong_wished = true;
  send_pong(self);
}

/* What a frame may not be, seen from its header; 0 when it may. */
static unsigned find_fault(const websocket *self,
                           const struct wslay_frame_iocb *iocb,
                           const char **words) {
  *words = "the server broke the WebSocket protocol";
  if (iocb->mask || iocb->rsv != 0) return WSLAY_CODE_PROTOCOL_ERROR;
  switch (iocb->opcode) {
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
      if (!iocb->fin || iocb->payload_length > CONTROL_MAX) break;
      return 0;
    case WSLAY_BINARY_FRAME:
    case WSLAY_CONTINUATION_FRAME:
      if (self->in_message != (iocb->opcode == WSLAY_CONTINUATION_FRAME)) break;
      if (iocb->payload_length <= self->frame_bytes_max) return 0;
      *words = "the server sent a WebSocket frame that is too large";
      return WSLAY_CODE_MESSAGE_TOO_BIG;
    case WSLAY_TEXT_FRAME:
      /* [MQTT-6.0.0-1] */
      *words = "the server sent a text frame: MQTT wants binary frames";
      return WSLAY_CODE_UNSUPPORTED_DATA;
    default:
      break;
  }
  return WSLAY_CODE_PROTOCOL_ERROR;
}

static bool begin_frame(websocket *self, const struct wslay_frame_iocb *iocb) {
  const char *words;
  unsigned code = find_fault(self, iocb, &words);
  if (code != 0) {
    fail(self, code, words);
    return false;
  }
  self->in_frame = true;
  self->left = iocb->payload_length;
  self->opcode = iocb->opcode;
  self->fin = iocb->fin;
  self->control_size = 0;
  return true;
}

static void end_frame(websocket *self) {
  self->in_frame = false;
  switch (self->opcode) {
    case WSLAY_CONNECTION_CLOSE:
      hear_close(self);
      return;
    case WSLAY_PING:
      hear_ping(self);
      return;
    case WSLAY_PONG:
      return;
    default:
      self->in_message = !self->fin;
      return;
  }
}

static void hear(websocket *self, const struct wslay_frame_iocb *iocb) {
  if (!self->in_frame && !begin_frame(self, iocb)) return;

  midge_slice bytes = midge_slice_of(iocb->data, iocb->data_length);
  if (wslay_is_ctrl_frame(self->opcode)) {
    midge_slice_copy(self->control + self->control_size, bytes);
    self->control_size += bytes.size;
  } else if (!midge_pipe_append(&self->common.in, bytes)) {
    midge_common_fail_memory(&self->common);
    return;
  }
  self->left -= bytes.size;
  if (self->left == 0) end_frame(self);
}

/* Unframe while there is something, and room for what comes of it. */
static void unframe(websocket *self) {
  midge_common *common = &self->common;
  while (common->filter.state == MIDGE_FILTER_OPEN &&
         midge_pipe_left(&common->in) >= CHUNK_MAX) {
    struct wslay_frame_iocb iocb = {0};
    ssize_t result = wslay_frame_recv(self->wslay, &iocb);
    if (result == WSLAY_ERR_WANT_READ) {
      if (!self->below_ended) return;
      if (self->close_sent) {
        common->filter.state = MIDGE_FILTER_CLOSED;
        return;
      }
      midge_common_fail_because(
          common, MIDGE_ELOST,
          "the connection ended without a WebSocket Close");
    } else if (result < 0) {
      fail(self, WSLAY_CODE_PROTOCOL_ERROR,
           "the server sent a malformed WebSocket frame");
    } else {
      hear(self, &iocb);
    }
  }
}

static size_t received(midge_filter *filter, midge_slice bytes) {
  websocket *self = (websocket *)filter;
  size_t taken = 0;
  if (filter->state == MIDGE_FILTER_OPENING) {
    taken = midge_upgrade_received(&self->upgrade, &self->common, bytes);
  }
  self->feed = midge_slice_skip(bytes, taken);
  unframe(self);
  taken = bytes.size - self->feed.size;
  self->feed = MIDGE_NO_SLICE;
  return taken;
}

static void ended(midge_filter *filter) {
  websocket *self = (websocket *)filter;
  if (filter->state == MIDGE_FILTER_OPENING) {
    midge_common_fail_because(
        &self->common, MIDGE_EWEBSOCKET,
        "the server closed the connection during the WebSocket upgrade");
    return;
  }
  self->below_ended = true;
  unframe(self);
}

static void taken_up(midge_filter *filter, size_t size) {
  midge_common_taken(filter, size);
  unframe((websocket *)filter);
}

static void sent(midge_filter *filter, size_t size) {
  midge_common_sent(filter, size);
  if (filter->state == MIDGE_FILTER_OPEN) send_pong((websocket *)filter);
}

static size_t write_frame(midge_filter *filter, const midge_slice *slices,
                          size_t count) {
  websocket *self = (websocket *)filter;
  size_t room = midge_pipe_left(&self->common.out);
  if (self->common.closing || room <= CONTROL_ROOM + HEADER_MAX) return 0;
  room -= CONTROL_ROOM + HEADER_MAX;
  if (room > FRAME_MAX) room = FRAME_MAX;

  size_t size = 0;
  for (size_t i = 0; i < count && size < room; i++) {
    size += slices[i].size < room - size ? slices[i].size : room - size;
  }
  if (size == 0) return 0;
  return send_frame(self, WSLAY_BINARY_FRAME, slices, size) ? size : 0;
}

static void close_websocket(midge_filter *filter) {
  if (filter->state == MIDGE_FILTER_OPEN) {
    send_close((websocket *)filter, WSLAY_CODE_NORMAL_CLOSURE);
  }
}

static void free_websocket(midge_filter *filter) {
  websocket *self = (websocket *)filter;
  if (self->wslay != NULL) wslay_frame_context_free(self->wslay);
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
    .taken = taken_up,
    .free = free_websocket,
};

static midge_status begin(websocket *self,
                          const midge_websocket_options *options) {
  uint8_t key[MIDGE_UPGRADE_KEY_SIZE];
  static const struct wslay_frame_callbacks CALLBACKS = {
      .send_callback = drain_wslay,
      .recv_callback = feed_wslay,
      .genmask_callback = make_mask,
  };
  if (wslay_frame_context_init(&self->wslay, &CALLBACKS, self) != 0) {
    self->wslay = NULL;
    return MIDGE_ENOMEM;
  }
  if (make_mask(key, sizeof(key), self) != 0) return MIDGE_ENOMEM;
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
