#include "filter/upgrade.h"

#include "base/slice.h"
#include "filter/base64.h"
#include "filter/openssl.h"

enum {
  DIGEST_SIZE = 20,
  KEY_TEXT_SIZE = MIDGE_BASE64_SIZE(MIDGE_UPGRADE_KEY_SIZE),
  REDIRECTION = 3,
  SWITCHING = 101,
};
static const char ACCEPT_SUFFIX[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/* What the caller may not say, since we do. */
static const char *const OURS[] = {"upgrade", "connection", "content-length",
                                   "transfer-encoding"};
static const char OURS_PREFIX[] = "sec-websocket-";

void midge_upgrade_init(midge_upgrade *upgrade,
                        const midge_allocator *allocator) {
  *upgrade = (midge_upgrade){.subprotocol = ""};
  midge_http_head_init(&upgrade->head, allocator);
}

void midge_upgrade_free(midge_upgrade *upgrade) {
  midge_http_head_free(&upgrade->head);
}

static bool is_visible(midge_slice slice) {
  for (size_t i = 0; i < slice.size; i++) {
    if (slice.data[i] <= ' ' || slice.data[i] >= 0x7f) return false;
  }
  return slice.size != 0;
}

static midge_slice name_of(midge_slice header) {
  const uint8_t *colon =
      header.size != 0 ? memchr(header.data, ':', header.size) : NULL;
  if (colon == NULL) return MIDGE_NO_SLICE;
  return midge_slice_of(header.data, (size_t)(colon - header.data));
}

static bool is_ours(midge_slice name) {
  for (size_t i = 0; i < sizeof(OURS) / sizeof(OURS[0]); i++) {
    if (midge_http_is_text(name, OURS[i])) return true;
  }
  size_t size = sizeof(OURS_PREFIX) - 1;
  return name.size >= size &&
         midge_http_is_text(midge_slice_of(name.data, size), OURS_PREFIX);
}

static bool is_header(midge_slice header) {
  midge_slice name = name_of(header);
  if (!is_visible(name) || is_ours(name)) return false;
  for (size_t i = name.size; i < header.size; i++) {
    uint8_t byte = header.data[i];
    if ((byte < ' ' && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

static bool can_be(const midge_websocket_options *options) {
  midge_slice path = options->path;
  if (!is_visible(options->host)) return false;
  if (path.size != 0 && (path.data[0] != '/' || !is_visible(path))) {
    return false;
  }
  if (options->subprotocol.data != NULL &&
      (!is_visible(options->subprotocol) ||
       options->subprotocol.size > MIDGE_UPGRADE_SUBPROTOCOL_MAX)) {
    return false;
  }
  for (size_t i = 0; i < options->header_count; i++) {
    if (!is_header(options->headers[i])) return false;
  }
  return true;
}

static bool add(midge_pipe *pipe, const char *words) {
  return midge_pipe_append(pipe, midge_slice_text(words));
}

/* A Host among the caller's headers stands in for ours. */
static bool add_headers(midge_pipe *pipe,
                        const midge_websocket_options *options) {
  bool has_host = false;
  for (size_t i = 0; i < options->header_count; i++) {
    midge_slice header = options->headers[i];
    if (midge_http_is_text(name_of(header), "host")) has_host = true;
    if (!midge_pipe_append(pipe, header) || !add(pipe, "\r\n")) return false;
  }
  return has_host ||
         (add(pipe, "Host: ") && midge_pipe_append(pipe, options->host) &&
          add(pipe, "\r\n"));
}

static bool add_request(midge_pipe *pipe, const midge_upgrade *upgrade,
                        const midge_websocket_options *options,
                        midge_slice key) {
  midge_slice path = options->path;
  if (path.size == 0) path = MIDGE_TEXT("/");
  return add(pipe, "GET ") && midge_pipe_append(pipe, path) &&
         add(pipe, " HTTP/1.1\r\n") && add_headers(pipe, options) &&
         add(pipe,
             "Upgrade: websocket\r\n"
             "Connection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: ") &&
         midge_pipe_append(pipe, key) &&
         add(pipe, "\r\nSec-WebSocket-Protocol: ") &&
         add(pipe, upgrade->subprotocol) && add(pipe, "\r\n\r\n");
}

static bool compute_accept(midge_upgrade *upgrade, midge_slice key) {
  uint8_t joined[KEY_TEXT_SIZE + sizeof(ACCEPT_SUFFIX) - 1];
  uint8_t digest[DIGEST_SIZE];
  midge_slice_copy(midge_slice_copy(joined, key),
                   midge_slice_text(ACCEPT_SUFFIX));
  if (!midge_openssl_sha1(digest, midge_slice_of(joined, sizeof(joined)))) {
    return false;
  }
  midge_base64(upgrade->accept, midge_slice_of(digest, sizeof(digest)));
  return true;
}

midge_status midge_upgrade_begin(midge_upgrade *upgrade, midge_pipe *out,
                                 const midge_websocket_options *options,
                                 const uint8_t key[MIDGE_UPGRADE_KEY_SIZE]) {
  if (!can_be(options)) return MIDGE_EINVAL;

  uint8_t key_text[KEY_TEXT_SIZE];
  midge_base64(key_text, midge_slice_of(key, MIDGE_UPGRADE_KEY_SIZE));
  midge_slice key_slice = midge_slice_of(key_text, sizeof(key_text));

  midge_slice subprotocol = options->subprotocol;
  if (subprotocol.data == NULL) subprotocol = MIDGE_TEXT("mqtt");
  *midge_slice_copy((uint8_t *)upgrade->subprotocol, subprotocol) = '\0';

  if (!compute_accept(upgrade, key_slice)) return MIDGE_ENOMEM;
  return add_request(out, upgrade, options, key_slice) ? MIDGE_OK
                                                       : MIDGE_ENOMEM;
}

static void fail(midge_common *common, const char *words) {
  midge_common_fail_because(common, MIDGE_EWEBSOCKET, words);
}

static void refuse(const midge_upgrade *upgrade, midge_common *common) {
  const midge_http_head *head = &upgrade->head;
  midge_text text = midge_common_fail(common, MIDGE_EWEBSOCKET, NULL);
  common->filter.error.http_status = head->status;
  midge_text_add(&text, "the server answered ");
  midge_text_number(&text, head->status);
  midge_text_add(&text, " ");
  midge_text_quote(&text, head->reason);
  midge_text_add(&text, " to the WebSocket upgrade");

  midge_slice place;
  if (head->status / 100 != REDIRECTION ||
      midge_http_head_find(head, "location", &place) == 0) {
    return;
  }
  midge_text_add(&text, ": it points to ");
  midge_text_quote(&text, place);
  midge_text_add(&text, ", which is not followed");
}

/* Null when the response accepts what was asked for; else what is wrong. */
static const char *find_fault(const midge_upgrade *upgrade) {
  const midge_http_head *head = &upgrade->head;
  midge_slice value;
  if (head->minor == 0) return "the server answered with HTTP/1.0";
  if (midge_http_head_find(head, "upgrade", &value) != 1 ||
      !midge_http_is_text(value, "websocket")) {
    return "the server did not upgrade to WebSocket";
  }
  if (midge_http_head_find(head, "connection", &value) == 0 ||
      !midge_http_has_word(value, "upgrade")) {
    return "the server's answer lacks \"Connection: Upgrade\"";
  }
  if (midge_http_head_find(head, "sec-websocket-accept", &value) != 1 ||
      !midge_slice_equal(
          value, midge_slice_of(upgrade->accept, sizeof(upgrade->accept)))) {
    return "the server's Sec-WebSocket-Accept is missing or wrong";
  }
  if (midge_http_head_find(head, "sec-websocket-protocol", &value) != 1 ||
      !midge_slice_equal(value, midge_slice_text(upgrade->subprotocol))) {
    return "the server did not choose the WebSocket subprotocol of MQTT";
  }
  if (midge_http_head_find(head, "sec-websocket-extensions", &value) != 0) {
    return "the server chose a WebSocket extension that was not offered";
  }
  if (midge_http_head_find(head, "transfer-encoding", &value) != 0) {
    return "the server's answer to the upgrade has a body";
  }
  return NULL;
}

static void judge(const midge_upgrade *upgrade, midge_common *common) {
  if (upgrade->head.status != SWITCHING) {
    refuse(upgrade, common);
    return;
  }
  const char *fault = find_fault(upgrade);
  if (fault != NULL) {
    fail(common, fault);
    return;
  }
  common->filter.state = MIDGE_FILTER_OPEN;
}

size_t midge_upgrade_received(midge_upgrade *upgrade, midge_common *common,
                              midge_slice bytes) {
  size_t taken;
  switch (midge_http_head_received(&upgrade->head, bytes, &taken)) {
    case MIDGE_HTTP_MORE:
      break;
    case MIDGE_HTTP_DONE:
      judge(upgrade, common);
      break;
    case MIDGE_HTTP_NOT_HTTP:
      fail(common,
           "the server does not speak HTTP, and so no WebSocket: is it the "
           "right port, and ws: or wss: the right scheme?");
      break;
    case MIDGE_HTTP_MALFORMED:
      fail(common, "the server's answer to the upgrade is malformed");
      break;
    case MIDGE_HTTP_TOO_LARGE:
      fail(common, "the server's answer to the upgrade is too large");
      break;
    case MIDGE_HTTP_NO_MEMORY:
      midge_common_fail_memory(common);
      break;
  }
  return taken;
}
