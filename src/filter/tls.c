#include "filter/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/slice.h"
#include "filter/common.h"
#include "filter/tls_bio.h"
#include "filter/tls_context.h"
#include "filter/tls_error.h"
#include "filter/tls_system.h"

enum {
  RECORD = 16384,      /* data in one record, RFC 8446, 5.1 */
  RECORD_ROOM = 17408, /* the same with everything around it */
  GATHER_BELOW = 4096, /* smaller pieces are joined into one record */
  IDLE_MESSAGES_MAX = 64,
};

typedef struct tls {
  midge_common common;
  midge_tls_wire wire;
  midge_tls_connection connection;
  SSL *ssl;
  bool answered; /* the first byte of the server was looked at */
} tls;

/* Verified, or it is not to be: OpenSSL has seen to it, and we look again. */
static bool is_proven(const tls *self) {
  const midge_tls_context *context = self->connection.context;
  if (context->insecure) return true;
  if (SSL_get_verify_result(self->ssl) != X509_V_OK) return false;
  return context->has_psk || SSL_get0_peer_certificate(self->ssl) != NULL;
}

static void opened(tls *self) {
  if (!is_proven(self)) {
    midge_common_fail_because(&self->common, MIDGE_ETLS,
                              "the server was not verified");
    return;
  }
  self->common.filter.state = MIDGE_FILTER_OPEN;
  /* A session of TLS 1.2 can be used again when no new one was given. */
  if (SSL_session_reused(self->ssl) &&
      SSL_version(self->ssl) < TLS1_3_VERSION) {
    SSL_SESSION *session = SSL_get1_session(self->ssl);
    if (session == NULL) return;
    midge_tls_sessions_put(&self->connection.context->sessions,
                           midge_slice_of(self->connection.session_key,
                                          self->connection.session_key_size),
                           session);
  }
}

/* Bytes of the goodbye, or none when the queue is full. */
static void say_goodbye(tls *self) {
  ERR_clear_error();
  (void)SSL_shutdown(self->ssl);
  ERR_clear_error();
}

/* OpenSSL stopped: for want of bytes or room, or for good. */
static void judge(tls *self, int result) {
  switch (SSL_get_error(self->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      break;
    case SSL_ERROR_ZERO_RETURN:
      if (!self->common.closing) say_goodbye(self);
      self->common.filter.state = MIDGE_FILTER_CLOSED;
      break;
    default:
      midge_tls_fail(&self->common, &self->connection);
      break;
  }
  ERR_clear_error();
}

static void shake_hands(tls *self) {
  ERR_clear_error();
  int result = SSL_do_handshake(self->ssl);
  if (result == 1) {
    opened(self);
  } else {
    judge(self, result);
  }
}

/* Tickets and changes of keys are work without an end in view: a server that
 * sends nothing else is up to no good. */
static bool is_idling(tls *self) {
  if (self->connection.idle_messages <= IDLE_MESSAGES_MAX) return false;
  midge_common_fail_because(
      &self->common, MIDGE_ETLS,
      "the server sends handshake messages of TLS without end");
  return true;
}

/* Decrypt while there is something, and room for a whole record. */
static void decrypt(tls *self) {
  midge_common *common = &self->common;
  while (common->filter.state == MIDGE_FILTER_OPEN &&
         midge_pipe_left(&common->in) >= RECORD) {
    uint8_t *to = midge_pipe_reserve(&common->in, RECORD);
    if (to == NULL) {
      midge_common_fail_memory(common);
      return;
    }
    ERR_clear_error();
    int size = SSL_read(self->ssl, to, RECORD);
    if (is_idling(self)) return;
    if (size <= 0) {
      judge(self, size);
      return;
    }
    self->connection.idle_messages = 0;
    midge_pipe_extend(&common->in, (size_t)size);
  }
}

static void advance(tls *self) {
  if (self->common.filter.state == MIDGE_FILTER_OPENING) shake_hands(self);
  if (self->common.filter.state == MIDGE_FILTER_OPEN) decrypt(self);
}

static size_t received(midge_filter *filter, midge_slice bytes) {
  tls *self = (tls *)filter;
  if (!self->answered) {
    self->answered = true;
    if (!midge_tls_is_answer(&self->common, bytes)) return bytes.size;
  }
  self->wire.feed = bytes;
  advance(self);
  size_t taken = bytes.size - self->wire.feed.size;
  self->wire.feed = MIDGE_NO_SLICE;
  return taken;
}

static void ended(midge_filter *filter) {
  tls *self = (tls *)filter;
  if (filter->state == MIDGE_FILTER_OPENING) {
    midge_common_fail_because(
        &self->common, MIDGE_ETLS,
        "the server closed the connection during the TLS handshake: perhaps "
        "it does not speak TLS on this port");
  } else if (self->common.closing) {
    filter->state = MIDGE_FILTER_CLOSED;
  } else {
    midge_common_fail_because(
        &self->common, MIDGE_ELOST,
        "the connection ended without the goodbye of TLS");
  }
}

static void taken_up(midge_filter *filter, size_t size) {
  midge_common_taken(filter, size);
  if (filter->state == MIDGE_FILTER_OPEN) decrypt((tls *)filter);
}

static void sent(midge_filter *filter, size_t size) {
  tls *self = (tls *)filter;
  bool was_full = midge_pipe_left(&self->common.out) < RECORD_ROOM;
  midge_common_sent(filter, size);
  if (was_full) advance(self);
}

/* One record; the room for it is there. */
static bool encrypt(tls *self, midge_slice bytes) {
  ERR_clear_error();
  int written = SSL_write(self->ssl, bytes.data, (int)bytes.size);
  if (written == (int)bytes.size) return true;
  judge(self, written);
  midge_common_fail_because(&self->common, MIDGE_ETLS, "TLS cannot write");
  return false;
}

/* Where we are in the slices from above. */
typedef struct cursor {
  const midge_slice *slices;
  size_t count;
  size_t skip; /* bytes of the first slice that are done */
} cursor;

static midge_slice first_of(const cursor *at) {
  if (at->skip == 0) return at->slices[0];
  return midge_slice_skip(at->slices[0], at->skip);
}

static void pass(cursor *at, size_t size) {
  while (at->count != 0 && size >= at->slices[0].size - at->skip) {
    size -= at->slices[0].size - at->skip;
    at->slices++;
    at->count--;
    at->skip = 0;
  }
  at->skip += size;
}

/* The next record's worth: in place when it is large, else joined in `room`. */
static midge_slice gather(cursor at, uint8_t room[RECORD]) {
  midge_slice first = first_of(&at);
  if (first.size > RECORD) first.size = RECORD;
  if (first.size >= GATHER_BELOW || at.count == 1) return first;

  size_t size = 0;
  while (at.count != 0 && size < RECORD) {
    midge_slice next = first_of(&at);
    if (next.size > RECORD - size) next.size = RECORD - size;
    midge_slice_copy(room + size, next);
    size += next.size;
    pass(&at, next.size);
  }
  return midge_slice_of(room, size);
}

static size_t write_records(midge_filter *filter, const midge_slice *slices,
                            size_t count) {
  tls *self = (tls *)filter;
  cursor at = {.slices = slices, .count = count};
  uint8_t room[RECORD];
  size_t taken = 0;
  if (self->common.closing) return 0;

  pass(&at, 0);
  while (at.count != 0 &&
         midge_pipe_left(&self->common.out) >= 2 * RECORD_ROOM) {
    midge_slice record = gather(at, room);
    if (!encrypt(self, record)) break;
    taken += record.size;
    pass(&at, record.size);
  }
  return taken;
}

static void close_tls(midge_filter *filter) {
  tls *self = (tls *)filter;
  if (filter->state != MIDGE_FILTER_OPEN || self->common.closing) return;
  self->common.closing = true;
  say_goodbye(self);
}

/* Without the shutdown flags OpenSSL would not let a session be resumed whose
 * connection was lost, which is when one wants to. */
static void free_tls(midge_filter *filter) {
  tls *self = (tls *)filter;
  if (self->ssl != NULL) {
    if (filter->error.status != MIDGE_ETLS) {
      SSL_set_shutdown(self->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    }
    SSL_free(self->ssl);
  }
  midge_tls_context_release(self->connection.context);
  midge_common_free(&self->common);
  midge_free(self->common.allocator, self, sizeof(*self));
}

static const midge_filter_kind KIND = {
    .received = received,
    .ended = ended,
    .write = write_records,
    .close = close_tls,
    .output = midge_common_output,
    .sent = sent,
    .input = midge_common_input,
    .taken = taken_up,
    .free = free_tls,
};

/* Counts what the server says in the handshake protocol once that is over. */
static void hear_message(int writing, int version, int type, const void *bytes,
                         size_t size, SSL *ssl, void *context) {
  tls *self = context;
  (void)version;
  (void)bytes;
  (void)size;
  (void)ssl;
  if (!writing && type == SSL3_RT_HANDSHAKE &&
      self->common.filter.state == MIDGE_FILTER_OPEN) {
    self->connection.idle_messages++;
  }
}

/* As DNS names hosts: no dot at the end, and of an address no zone. */
static bool plain_name(char *to, const char *given, midge_slice host) {
  midge_slice name = given[0] != '\0' ? midge_slice_text(given) : host;
  if (name.size != 0 && memchr(name.data, ':', name.size) != NULL) {
    const uint8_t *zone = memchr(name.data, '%', name.size);
    if (zone != NULL) name.size = (size_t)(zone - name.data);
  }
  if (name.size > 1 && name.data[name.size - 1] == '.') name.size--;
  if (name.size == 0 || name.size > MIDGE_TLS_NAME_MAX || name.data[0] == '.' ||
      memchr(name.data, '\0', name.size) != NULL) {
    return false;
  }
  *midge_slice_copy((uint8_t *)to, name) = '\0';
  return true;
}

static bool is_address(const char *name) {
  struct in6_addr address;
  return inet_pton(AF_INET, name, &address) == 1 ||
         inet_pton(AF_INET6, name, &address) == 1;
}

/* All that says which server this is: port, name verified, name asked for. */
static void make_session_key(midge_tls_connection *connection, uint16_t port,
                             midge_slice host, const char *verify_name,
                             const char *server_name) {
  uint8_t *to = connection->session_key;
  *to++ = (uint8_t)(port >> 8);
  *to++ = (uint8_t)port;
  to = midge_slice_copy(to, host);
  *to++ = 0;
  to = midge_slice_copy(to, midge_slice_text(verify_name));
  *to++ = 0;
  to = midge_slice_copy(to, midge_slice_text(server_name));
  connection->session_key_size = (size_t)(to - connection->session_key);
}

static bool set_names(tls *self, midge_slice host, uint16_t port) {
  const midge_tls_context *context = self->connection.context;
  char verify_name[MIDGE_TLS_NAME_MAX + 1], server_name[MIDGE_TLS_NAME_MAX + 1];
  bool verifies =
      !context->insecure && !context->insecure_host && !context->has_psk;
  if (host.size > MIDGE_TLS_NAME_MAX) return false;
  if (!plain_name(verify_name, context->verify_name, host)) {
    if (verifies) return false;
    verify_name[0] = '\0';
  }
  if (!plain_name(server_name, context->server_name, host) ||
      is_address(server_name)) {
    server_name[0] = '\0';
  }
  make_session_key(&self->connection, port, host, verify_name, server_name);
  if (verifies && !midge_tls_verify_name(self->ssl, verify_name)) return false;
  return server_name[0] == '\0' ||
         SSL_set_tlsext_host_name(self->ssl, server_name) == 1;
}

static void offer_session(tls *self) {
  SSL_SESSION *session = midge_tls_sessions_take(
      &self->connection.context->sessions,
      midge_slice_of(self->connection.session_key,
                     self->connection.session_key_size));
  if (session == NULL) return;
  (void)SSL_set_session(self->ssl, session);
  SSL_SESSION_free(session);
}

static bool trust_system(tls *self) {
  X509_STORE *trust = midge_tls_system_trust();
  return trust != NULL && SSL_set1_verify_cert_store(self->ssl, trust) == 1;
}

static midge_status begin(tls *self, midge_slice host, uint16_t port) {
  midge_tls_context *context = self->connection.context;
  self->ssl = SSL_new(context->ssl);
  BIO *bio = midge_tls_bio_on(context->bio, &self->wire);
  if (self->ssl == NULL || bio == NULL) {
    BIO_free(bio);
    return MIDGE_ENOMEM;
  }
  SSL_set_bio(self->ssl, bio, bio);
  SSL_set_app_data(self->ssl, &self->connection);
  SSL_set_msg_callback(self->ssl, hear_message);
  SSL_set_msg_callback_arg(self->ssl, self);
  SSL_set_connect_state(self->ssl);
  if (context->trusts_system && !trust_system(self)) return MIDGE_ENOMEM;
  if (!set_names(self, host, port)) return MIDGE_EINVAL;
  offer_session(self);
  shake_hands(self);
  return MIDGE_OK;
}

midge_status midge_tls_new(midge_filter **filter, midge_tls_context *context,
                           midge_slice host, uint16_t port) {
  tls *self = midge_allocate_zero(context->allocator, sizeof(*self));
  if (self == NULL) return MIDGE_ENOMEM;

  midge_common_init(&self->common, &KIND, context->allocator);
  self->wire.out = &self->common.out;
  self->connection.context = midge_tls_context_hold(context);
  midge_status status = begin(self, host, port);
  if (status != MIDGE_OK) {
    free_tls(&self->common.filter);
    return status;
  }
  *filter = &self->common.filter;
  return MIDGE_OK;
}

bool midge_tls_resumed(const midge_filter *filter) {
  return SSL_session_reused(((const tls *)filter)->ssl) == 1;
}

const char *midge_tls_version(const midge_filter *filter) {
  return SSL_get_version(((const tls *)filter)->ssl);
}

midge_slice midge_tls_alpn(const midge_filter *filter) {
  const unsigned char *name = NULL;
  unsigned size = 0;
  SSL_get0_alpn_selected(((const tls *)filter)->ssl, &name, &size);
  return midge_slice_of(name, size);
}
