#include <arpa/inet.h>

#include "base/slice.h"
#include "filter/proxy.h"
#include "filter/proxy_common.h"

enum {
  VERSION = 5,
  AUTH_NONE = 0,
  AUTH_PASSWORD = 2,
  AUTH_REFUSED = 0xff,
  AUTH_VERSION = 1,
  COMMAND_CONNECT = 1,
  ADDRESS_V4 = 1,
  ADDRESS_NAME = 3,
  ADDRESS_V6 = 4,
  FIELD_MAX = 255,
  REPLY_MAX = 4 + 1 + FIELD_MAX + 2,
};

/* What the proxy is to say next. */
typedef enum stage { METHOD, PASSWORD, REPLY, STAGES } stage;

typedef struct socks {
  midge_common common;
  stage stage;
  uint8_t answer[REPLY_MAX]; /* what came of this stage's answer */
  size_t size;
  uint8_t login[3 + 2 * FIELD_MAX]; /* sent when asked for; empty without */
  size_t login_size;
  uint8_t request[4 + 1 + FIELD_MAX + 2];
  size_t request_size;
} socks;

/* RFC 1928, 6, the field REP. */
static const char *const REPLIES[] = {
    "",
    "general failure",
    "the connection is not allowed by its rules",
    "the network is unreachable",
    "the host is unreachable or its name cannot be resolved",
    "the server refused the connection",
    "the time to live expired",
    "it does not know CONNECT",
    "it does not know this kind of address",
};

static void fail(socks *self, const char *words) {
  midge_common_fail_because(&self->common, MIDGE_EPROXY, words);
}

static void say(socks *self, const uint8_t *bytes, size_t size, stage next) {
  if (!midge_pipe_append(&self->common.out, midge_slice_of(bytes, size))) {
    midge_common_fail_memory(&self->common);
    return;
  }
  self->stage = next;
}

/* How long this stage's answer is, as far as can be told by now. */
static size_t answer_size(const socks *self) {
  if (self->stage != REPLY) return 2;
  if (self->size < 5) return 5;
  switch (self->answer[3]) {
    case ADDRESS_V4:
      return 4 + 4 + 2;
    case ADDRESS_V6:
      return 4 + 16 + 2;
    default:
      return (size_t)4 + 1 + self->answer[4] + 2;
  }
}

static void hear_method(socks *self) {
  if (self->answer[0] != VERSION) {
    fail(self, "the proxy does not speak SOCKS5");
  } else if (self->answer[1] == AUTH_NONE) {
    say(self, self->request, self->request_size, REPLY);
  } else if (self->answer[1] == AUTH_PASSWORD && self->login_size != 0) {
    say(self, self->login, self->login_size, PASSWORD);
  } else if (self->answer[1] == AUTH_REFUSED) {
    fail(self, self->login_size == 0
                   ? "the proxy wants a user name and password, or others"
                   : "the proxy accepts neither a password nor nobody's");
  } else {
    fail(self, "the proxy chose a way to log in that was not offered");
  }
}

/* RFC 1929, 2: any status but zero is a refusal. */
static void hear_password(socks *self) {
  if (self->answer[0] != AUTH_VERSION) {
    fail(self, "the answer of the proxy to the password is malformed");
  } else if (self->answer[1] != 0) {
    fail(self, "the proxy refused the user name and password");
  } else {
    say(self, self->request, self->request_size, REPLY);
  }
}

static void refuse(socks *self) {
  unsigned reply = self->answer[1];
  midge_text text = midge_common_fail(&self->common, MIDGE_EPROXY, NULL);
  midge_text_add(&text, "the proxy could not connect: ");
  if (reply < sizeof(REPLIES) / sizeof(REPLIES[0])) {
    midge_text_add(&text, REPLIES[reply]);
    return;
  }
  midge_text_add(&text, "reply ");
  midge_text_number(&text, reply);
}

static void hear_reply(socks *self) {
  if (self->answer[1] != 0) {
    refuse(self);
    return;
  }
  self->common.filter.state = MIDGE_FILTER_OPEN;
}

/* Malformed as soon as it can be known: a proxy that refuses may leave the
 * address out. */
static bool check_reply(socks *self) {
  const uint8_t *answer = self->answer;
  if (self->size >= 1 && answer[0] != VERSION) {
    fail(self, "the answer of the proxy is not SOCKS5");
    return false;
  }
  if (self->size >= 2 && answer[1] != 0) {
    refuse(self);
    return false;
  }
  if (self->size >= 3 && answer[2] != 0) {
    fail(self, "the answer of the proxy is malformed");
    return false;
  }
  if (self->size >= 4 && answer[3] != ADDRESS_V4 && answer[3] != ADDRESS_V6 &&
      answer[3] != ADDRESS_NAME) {
    fail(self, "the proxy answered with an unknown kind of address");
    return false;
  }
  return true;
}

static void hear(socks *self) {
  static void (*const HEAR[STAGES])(socks *) = {
      [METHOD] = hear_method, [PASSWORD] = hear_password, [REPLY] = hear_reply};
  HEAR[self->stage](self);
  self->size = 0;
}

static size_t received(midge_filter *filter, midge_slice bytes) {
  socks *self = (socks *)filter;
  size_t taken = 0;
  while (taken < bytes.size && filter->state == MIDGE_FILTER_OPENING) {
    self->answer[self->size++] = bytes.data[taken++];
    if (self->stage == REPLY && !check_reply(self)) break;
    if (self->size == answer_size(self)) hear(self);
  }
  if (filter->state != MIDGE_FILTER_OPEN) return taken;
  return taken +
         midge_proxy_pass_up(&self->common, midge_slice_skip(bytes, taken));
}

static void free_socks(midge_filter *filter) {
  socks *self = (socks *)filter;
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
    .free = free_socks,
};

static bool is_field(midge_slice field) {
  return field.size >= 1 && field.size <= FIELD_MAX;
}

static bool can_be(const midge_proxy_options *options) {
  if (!is_field(options->host) ||
      memchr(options->host.data, '\0', options->host.size) != NULL) {
    return false;
  }
  return options->user_name.data == NULL ||
         (is_field(options->user_name) && options->password.size <= FIELD_MAX);
}

/* RFC 1928, 4: an IP address as bytes, a name for the proxy to resolve. */
static void prepare_request(socks *self, midge_slice host, uint16_t port) {
  char name[FIELD_MAX + 1];
  *midge_slice_copy((uint8_t *)name, host) = '\0';

  uint8_t *to = self->request;
  *to++ = VERSION;
  *to++ = COMMAND_CONNECT;
  *to++ = 0;
  if (inet_pton(AF_INET, name, to + 1) == 1) {
    *to = ADDRESS_V4;
    to += 1 + 4;
  } else if (inet_pton(AF_INET6, name, to + 1) == 1) {
    *to = ADDRESS_V6;
    to += 1 + 16;
  } else {
    *to++ = ADDRESS_NAME;
    *to++ = (uint8_t)host.size;
    to = midge_slice_copy(to, host);
  }
  *to++ = (uint8_t)(port >> 8);
  *to++ = (uint8_t)port;
  self->request_size = (size_t)(to - self->request);
}

static void prepare_login(socks *self, midge_slice user, midge_slice password) {
  self->login_size = 0;
  if (user.data == NULL) return;

  uint8_t *to = self->login;
  *to++ = AUTH_VERSION;
  *to++ = (uint8_t)user.size;
  to = midge_slice_copy(to, user);
  *to++ = (uint8_t)password.size;
  to = midge_slice_copy(to, password);
  self->login_size = (size_t)(to - self->login);
}

midge_status midge_socks5_new(midge_filter **filter,
                              const midge_proxy_options *options) {
  if (!can_be(options)) return MIDGE_EINVAL;
  const midge_allocator *allocator =
      midge_allocator_or_default(options->allocator);
  socks *self = midge_allocate_zero(allocator, sizeof(*self));
  if (self == NULL) return MIDGE_ENOMEM;

  midge_common_init(&self->common, &KIND, allocator);
  prepare_request(self, options->host, options->port);
  prepare_login(self, options->user_name, options->password);
  static const uint8_t PLAIN[] = {VERSION, 1, AUTH_NONE};
  static const uint8_t BOTH[] = {VERSION, 2, AUTH_NONE, AUTH_PASSWORD};
  if (self->login_size != 0) {
    say(self, BOTH, sizeof(BOTH), METHOD);
  } else {
    say(self, PLAIN, sizeof(PLAIN), METHOD);
  }
  if (self->common.filter.state == MIDGE_FILTER_FAILED) {
    free_socks(&self->common.filter);
    return MIDGE_ENOMEM;
  }
  *filter = &self->common.filter;
  return MIDGE_OK;
}
