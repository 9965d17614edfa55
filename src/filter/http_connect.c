#include "base/slice.h"
#include "filter/base64.h"
#include "filter/http_head.h"
#include "filter/proxy.h"
#include "filter/proxy_common.h"

enum { NAME_MAX_BYTES = 255, CREDENTIAL_MAX = 1024, PORT_DIGITS = 5 };

typedef struct connector {
  midge_common common;
  midge_http_head head;
} connector;

static void refuse(connector *self) {
  const midge_http_head *head = &self->head;
  midge_text text = midge_common_fail(&self->common, MIDGE_EPROXY, NULL);
  self->common.filter.error.http_status = head->status;
  midge_text_add(&text, "the proxy answered ");
  midge_text_number(&text, head->status);
  midge_text_add(&text, " ");
  midge_text_quote(&text, head->reason);
  if (head->status == 407) {
    midge_text_add(&text, ": it wants a user name and password, or others");
  }
}

static void conclude(connector *self, midge_http_progress progress) {
  midge_common *common = &self->common;
  switch (progress) {
    case MIDGE_HTTP_MORE:
      return;
    case MIDGE_HTTP_DONE:
      if (self->head.status / 100 != 2) {
        refuse(self);
        return;
      }
      common->filter.state = MIDGE_FILTER_OPEN;
      return;
    case MIDGE_HTTP_NOT_HTTP:
      midge_common_fail_because(common, MIDGE_EPROXY,
                                "the proxy does not speak HTTP");
      return;
    case MIDGE_HTTP_MALFORMED:
      midge_common_fail_because(common, MIDGE_EPROXY,
                                "the answer of the proxy is malformed");
      return;
    case MIDGE_HTTP_TOO_LARGE:
      midge_common_fail_because(common, MIDGE_EPROXY,
                                "the answer of the proxy is too large");
      return;
    case MIDGE_HTTP_NO_MEMORY:
      midge_common_fail_memory(common);
      return;
  }
}

static size_t received(midge_filter *filter, midge_slice bytes) {
  connector *self = (connector *)filter;
  if (filter->state == MIDGE_FILTER_OPEN) {
    return midge_proxy_pass_up(&self->common, bytes);
  }
  size_t taken;
  conclude(self, midge_http_head_received(&self->head, bytes, &taken));
  return taken;
}

static void free_connector(midge_filter *filter) {
  connector *self = (connector *)filter;
  midge_http_head_free(&self->head);
  midge_common_free(&self->common);
  midge_free(self->common.allocator, self, sizeof(*self));
}

static const midge_filter_kind KIND = {
    .received = received,
    .ended = midge_proxy_ended,
    .write = midge_proxy_write,
    .close = midge_proxy_close,
    .output = midge_common_output,
    .sent = midge_common_sent,
    .input = midge_common_input,
    .taken = midge_common_taken,
    .free = free_connector,
};

static bool can_be_name(midge_slice host) {
  if (host.size == 0 || host.size > NAME_MAX_BYTES) return false;
  for (size_t i = 0; i < host.size; i++) {
    if (host.data[i] <= ' ' || host.data[i] >= 0x7f) return false;
  }
  return true;
}

/* RFC 7617: the user name ends at the first colon. */
static bool can_be_credentials(const midge_proxy_options *options) {
  midge_slice user = options->user_name;
  return user.size <= CREDENTIAL_MAX &&
         options->password.size <= CREDENTIAL_MAX &&
         (user.size == 0 || memchr(user.data, ':', user.size) == NULL);
}

static bool add(midge_pipe *pipe, const char *words) {
  return midge_pipe_append(pipe, midge_slice_text(words));
}

static bool add_target(midge_pipe *pipe, const midge_proxy_options *options) {
  char port[PORT_DIGITS + 1];
  midge_text text = midge_text_in(port, sizeof(port));
  midge_text_number(&text, options->port);

  bool is_v6 = memchr(options->host.data, ':', options->host.size) != NULL;
  return (!is_v6 || add(pipe, "[")) && midge_pipe_append(pipe, options->host) &&
         (!is_v6 || add(pipe, "]")) && add(pipe, ":") && add(pipe, port);
}

static bool add_credentials(midge_pipe *pipe,
                            const midge_proxy_options *options) {
  if (options->user_name.data == NULL) return true;

  uint8_t plain[2 * CREDENTIAL_MAX + 1];
  uint8_t *end = midge_slice_copy(plain, options->user_name);
  *end++ = ':';
  end = midge_slice_copy(end, options->password);
  midge_slice both = midge_slice_of(plain, (size_t)(end - plain));

  size_t size = MIDGE_BASE64_SIZE(both.size);
  if (!add(pipe, "Proxy-Authorization: Basic ")) return false;
  uint8_t *to = midge_pipe_reserve(pipe, size);
  if (to == NULL) return false;
  midge_base64(to, both);
  midge_pipe_extend(pipe, size);
  return add(pipe, "\r\n");
}

static bool add_request(midge_pipe *pipe, const midge_proxy_options *options) {
  return add(pipe, "CONNECT ") && add_target(pipe, options) &&
         add(pipe, " HTTP/1.1\r\nHost: ") && add_target(pipe, options) &&
         add(pipe, "\r\n") && add_credentials(pipe, options) &&
         add(pipe, "\r\n");
}

midge_status midge_http_connect_new(midge_filter **filter,
                                    const midge_proxy_options *options) {
  if (!can_be_name(options->host) || !can_be_credentials(options)) {
    return MIDGE_EINVAL;
  }
  const midge_allocator *allocator =
      midge_allocator_or_default(options->allocator);
  connector *self = midge_allocate(allocator, sizeof(*self));
  if (self == NULL) return MIDGE_ENOMEM;

  midge_common_init(&self->common, &KIND, allocator);
  midge_http_head_init(&self->head, allocator);
  if (!add_request(&self->common.out, options)) {
    free_connector(&self->common.filter);
    return MIDGE_ENOMEM;
  }
  *filter = &self->common.filter;
  return MIDGE_OK;
}
