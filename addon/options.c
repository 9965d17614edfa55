#include "options.h"

#include "properties.h"

/* What a field of the object becomes, and where in the struct. */
typedef enum option_kind {
  KIND_FLAG,
  KIND_8,
  KIND_16,
  KIND_32,
  KIND_INT,
  KIND_SIZE,
  KIND_TEXT,
} option_kind;

typedef struct option_row {
  const char *name; /* in the object that lib/options.js makes */
  option_kind kind;
  size_t offset;
} option_row;

#define CLIENT(name, kind, member) \
  { name, KIND_##kind, offsetof(midge_client_options, member) }
#define TLS(name, kind, member) \
  { name, KIND_##kind, offsetof(midge_tls_options, member) }

static const option_row client_rows[] = {
    CLIENT("url", TEXT, url),
    CLIENT("proxy", TEXT, proxy),
    CLIENT("localAddress", TEXT, local_address),
    CLIENT("nagle", FLAG, nagle),
    CLIENT("connectTimeout", 32, connect_timeout_ms),
    CLIENT("closeTimeout", 32, close_timeout_ms),
    CLIENT("ask", FLAG, ask),
    CLIENT("highWaterMark", SIZE, event_bytes_max),
    CLIENT("reconnectMin", 32, reconnect.min_ms),
    CLIENT("reconnectMax", 32, reconnect.max_ms),
    CLIENT("reconnectFixed", FLAG, reconnect.fixed),
    CLIENT("reconnectOff", FLAG, reconnect.off),
    CLIENT("reconnectLasting", FLAG, reconnect.lasting),
    CLIENT("redirectsMax", 8, reconnect.redirects_max),
    CLIENT("negotiate", FLAG, session.negotiate),
    CLIENT("clientId", TEXT, session.client_id),
    CLIENT("userName", TEXT, session.user_name),
    CLIENT("password", TEXT, session.password),
    CLIENT("clean", FLAG, session.clean_start),
    CLIENT("sessionExpiry", 32, session.session_expiry_s),
    CLIENT("keepAlive", 16, session.keep_alive_s),
    CLIENT("receiveMaximum", 16, session.receive_max),
    CLIENT("topicAliasMaximum", 16, session.alias_max),
    CLIENT("topicAliases", FLAG, session.alias_auto),
    CLIENT("lowerQoS", FLAG, session.lower_qos),
    CLIENT("forgetSubscriptions", FLAG, session.forget_subscriptions),
    CLIENT("strictText", FLAG, session.strict_text),
    CLIENT("hold", FLAG, session.hold),
    CLIENT("acknowledgeByHand", FLAG, session.acknowledge_by_hand),
    CLIENT("subscribeBatch", 16, session.subscribe_batch_max),
    CLIENT("breaksMax", 16, session.breaks_max),
    CLIENT("breaksOff", FLAG, session.breaks_off),
    CLIENT("maximumPacketSize", 32, session.packet_size_max),
    CLIENT("maxInFlight", 16, session.in_flight_max),
    CLIENT("replyTimeout", 32, session.reply_timeout_ms),
    CLIENT("maxQueueMessages", SIZE, session.queue_messages_max),
    CLIENT("maxQueueBytes", SIZE, session.queue_bytes_max),
};

static const option_row tls_rows[] = {
    TLS("caFile", TEXT, ca_file),
    TLS("caPath", TEXT, ca_path),
    TLS("ca", TEXT, ca),
    TLS("certFile", TEXT, certificate_file),
    TLS("keyFile", TEXT, key_file),
    TLS("cert", TEXT, certificate),
    TLS("key", TEXT, key),
    TLS("pfx", TEXT, pkcs12),
    TLS("passphrase", TEXT, passphrase),
    TLS("crl", TEXT, crl),
    TLS("pskIdentity", TEXT, psk_identity),
    TLS("psk", TEXT, psk),
    TLS("ciphers", TEXT, ciphers),
    TLS("servername", TEXT, server_name),
    TLS("verifyHost", TEXT, verify_name),
    TLS("minVersion", INT, version_min),
    TLS("maxVersion", INT, version_max),
    TLS("insecureHost", FLAG, insecure_host),
    TLS("insecure", FLAG, insecure),
    TLS("keyLogFile", TEXT, key_log_file),
};

/* lib/ has checked that numbers fit. */
static void read_row(midge_scratch *scratch, napi_value object,
                     const option_row *row, void *base) {
  void *member = (char *)base + row->offset;
  if (row->kind == KIND_TEXT) {
    *(midge_slice *)member = midge_scratch_text(scratch, object, row->name);
    return;
  }
  if (row->kind == KIND_FLAG) {
    *(bool *)member = midge_scratch_flag(scratch, object, row->name);
    return;
  }
  double number = midge_scratch_number(scratch, object, row->name);
  switch (row->kind) {
    case KIND_8:
      *(uint8_t *)member = (uint8_t)number;
      return;
    case KIND_16:
      *(uint16_t *)member = (uint16_t)number;
      return;
    case KIND_32:
      *(uint32_t *)member = (uint32_t)number;
      return;
    case KIND_INT:
      *(int *)member = (int)number;
      return;
    default:
      *(size_t *)member = (size_t)number;
  }
}

static void read_rows(midge_scratch *scratch, napi_value object,
                      const option_row *rows, size_t count, void *base) {
  for (size_t i = 0; i < count; i++) {
    read_row(scratch, object, &rows[i], base);
  }
}

static const midge_slice *texts(midge_scratch *scratch, napi_value object,
                                const char *name, size_t *count) {
  return midge_scratch_texts(scratch,
                             midge_scratch_field(scratch, object, name), count);
}

const midge_publish *midge_options_read_will(midge_scratch *scratch,
                                             napi_value object) {
  if (object == NULL) return NULL;
  midge_publish *will = midge_scratch_take(scratch, sizeof *will);
  if (will == NULL) return NULL;
  *will = (midge_publish){
      .topic = midge_scratch_text(scratch, object, "topic"),
      .payload = midge_scratch_text(scratch, object, "payload"),
      .qos = (midge_qos)midge_scratch_number(scratch, object, "qos"),
      .retain = midge_scratch_flag(scratch, object, "retain"),
      .properties = midge_properties_read(
          scratch, midge_scratch_field(scratch, object, "properties")),
  };
  return will;
}

void midge_options_read_tls(midge_scratch *scratch, napi_value object,
                            midge_tls_options *tls) {
  if (object == NULL) return;
  *tls = (midge_tls_options){0};
  read_rows(scratch, object, tls_rows, sizeof tls_rows / sizeof *tls_rows, tls);
  tls->alpn = texts(scratch, object, "alpn", &tls->alpn_count);
}

void midge_options_read(midge_scratch *scratch, napi_value object,
                        midge_client_options *options) {
  *options = (midge_client_options){0};
  read_rows(scratch, object, client_rows,
            sizeof client_rows / sizeof *client_rows, options);
  options->servers = texts(scratch, object, "servers", &options->server_count);
  options->websocket.headers =
      texts(scratch, object, "headers", &options->websocket.header_count);
  midge_options_read_tls(scratch, midge_scratch_field(scratch, object, "tls"),
                         &options->tls);

  midge_session_options *session = &options->session;
  session->version =
      (midge_version)midge_scratch_number(scratch, object, "version");
  session->adopt_session = true;
  session->keep_alive_off = session->keep_alive_s == 0;
  if (midge_scratch_flag(scratch, object, "lenientText")) {
    session->text = MIDGE_TEXT_LENIENT;
  }
  session->will = midge_options_read_will(
      scratch, midge_scratch_field(scratch, object, "will"));
  session->properties = midge_properties_read(
      scratch, midge_scratch_field(scratch, object, "properties"));
}
