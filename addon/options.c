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
  KIND_LIST, /* of texts, and how many */
  KIND_LENIENT,
  KIND_WILL,
  KIND_PROPERTIES,
  KIND_TLS, /* an object with names of its own */
} option_kind;

typedef struct option_row {
  const char *name; /* as lib/ has it */
  option_kind kind;
  size_t offset;
  size_t count_offset; /* of KIND_LIST */
} option_row;

#define CLIENT(name, kind, member) \
  { name, KIND_##kind, offsetof(midge_client_options, member), 0 }
#define CLIENT_LIST(name, member, count)                     \
  {                                                          \
    name, KIND_LIST, offsetof(midge_client_options, member), \
        offsetof(midge_client_options, count)                \
  }
#define TLS(name, kind, member) \
  { name, KIND_##kind, offsetof(midge_tls_options, member), 0 }
#define TLS_LIST(name, member, count)                     \
  {                                                       \
    name, KIND_LIST, offsetof(midge_tls_options, member), \
        offsetof(midge_tls_options, count)                \
  }

/* Those that lib/ names by their places here, in whatever order. */
static const option_row client_rows[] = {
    CLIENT_LIST("servers", servers, server_count),
    CLIENT("tls", TLS, tls),
    CLIENT_LIST("headers", websocket.headers, websocket.header_count),
    CLIENT("proxy", TEXT, proxy),
    CLIENT("localAddress", TEXT, local_address),
    CLIENT("nagle", FLAG, nagle),
    CLIENT("connectTimeout", 32, connect_timeout_ms),
    CLIENT("closeTimeout", 32, close_timeout_ms),
    CLIENT("ask", FLAG, ask),
    CLIENT("transportByHand", FLAG, transport_by_hand),
    CLIENT("highWaterMark", SIZE, event_bytes_max),
    CLIENT("storePath", TEXT, store.path),
    CLIENT("storeDisk", FLAG, store.disk),
    CLIENT("storeForce", FLAG, store.force),
    CLIENT("storeInbox", FLAG, session.inbox),
    CLIENT("storeQoS0", FLAG, session.durable_qos_0),
    CLIENT("inboxBytes", SIZE, session.inbox_bytes_max),
    CLIENT("reconnectMin", 32, reconnect.min_ms),
    CLIENT("reconnectMax", 32, reconnect.max_ms),
    CLIENT("reconnectFixed", FLAG, reconnect.fixed),
    CLIENT("reconnectOff", FLAG, reconnect.off),
    CLIENT("reconnectLasting", FLAG, reconnect.lasting),
    CLIENT("redirectsMax", 8, reconnect.redirects_max),
    CLIENT("negotiate", FLAG, session.negotiate),
    CLIENT("version", INT, session.version),
    CLIENT("lenientText", LENIENT, session.text),
    CLIENT("will", WILL, session.will),
    CLIENT("properties", PROPERTIES, session.properties),
    CLIENT("clean", FLAG, session.clean_start),
    CLIENT("sessionExpiry", 32, session.session_expiry_s),
    CLIENT("receiveMaximum", 16, session.receive_max),
    CLIENT("receiveMaximumLenient", FLAG, session.receive_max_lenient),
    CLIENT("topicAliasMaximum", 16, session.alias_max),
    CLIENT("topicAliases", FLAG, session.alias_auto),
    CLIENT("lowerQoS", FLAG, session.lower_qos),
    CLIENT("forgetSubscriptions", FLAG, session.forget_subscriptions),
    CLIENT("dropInFlight", FLAG, session.drop_in_flight),
    CLIENT("strictText", FLAG, session.strict_text),
    CLIENT("hold", FLAG, session.hold),
    CLIENT("acknowledgeByHand", FLAG, session.acknowledge_by_hand),
    CLIENT("atRelease", FLAG, session.at_release),
    CLIENT("acceptByHand", FLAG, session.accept_by_hand),
    CLIENT("subscribeBatch", 16, session.subscribe_batch_max),
    CLIENT("breaksMax", 16, session.breaks_max),
    CLIENT("breaksOff", FLAG, session.breaks_off),
    CLIENT("maximumPacketSize", 32, session.packet_size_max),
    CLIENT("maxInFlight", 16, session.in_flight_max),
    CLIENT("replyTimeout", 32, session.reply_timeout_ms),
    CLIENT("maxQueueMessages", SIZE, session.queue_messages_max),
    CLIENT("maxQueueBytes", SIZE, session.queue_bytes_max),
    CLIENT("maxQueueMemory", SIZE, session.queue_memory_max),
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
    TLS("secureOptions", 32, openssl_options),
    TLS("insecureHost", FLAG, insecure_host),
    TLS("insecure", FLAG, insecure),
    TLS("keyLogFile", TEXT, key_log_file),
    TLS_LIST("alpn", alpn, alpn_count),
};

/* lib/ has checked that numbers fit. */
static void read_number(midge_scratch *scratch, napi_value value,
                        option_kind kind, void *member) {
  double number = 0;
  napi_get_value_double(scratch->env, value, &number);
  switch (kind) {
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

static bool read_flag(midge_scratch *scratch, napi_value value) {
  bool flag = false;
  napi_get_value_bool(scratch->env, value, &flag);
  return flag;
}

static void read_row(midge_scratch *scratch, napi_value value,
                     const option_row *row, void *base) {
  void *member = (char *)base + row->offset;
  switch (row->kind) {
    case KIND_FLAG:
      *(bool *)member = read_flag(scratch, value);
      return;
    case KIND_TEXT:
      *(midge_slice *)member = midge_scratch_bytes(scratch, value);
      return;
    case KIND_LIST:
      *(const midge_slice **)member = midge_scratch_texts(
          scratch, value, (size_t *)(void *)((char *)base + row->count_offset));
      return;
    case KIND_LENIENT:
      *(midge_text_policy *)member =
          read_flag(scratch, value) ? MIDGE_TEXT_LENIENT : MIDGE_TEXT_STRICT;
      return;
    case KIND_WILL:
      *(const midge_publish **)member = midge_options_read_will(scratch, value);
      return;
    case KIND_PROPERTIES:
      *(midge_properties *)member = midge_properties_read(scratch, value);
      return;
    case KIND_TLS:
      midge_options_read_tls(scratch, value, member);
      return;
    default:
      read_number(scratch, value, row->kind, member);
  }
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
  for (size_t i = 0; i < sizeof tls_rows / sizeof *tls_rows; i++) {
    napi_value value = midge_scratch_field(scratch, object, tls_rows[i].name);
    if (value != NULL) read_row(scratch, value, &tls_rows[i], tls);
  }
}

/* lib/ has made the list from the names that it got from us. */
static void read_client_row(midge_scratch *scratch, napi_value list,
                            uint32_t at, midge_client_options *options) {
  napi_value place = NULL, value = NULL;
  uint32_t row = 0;
  napi_get_element(scratch->env, list, at, &place);
  napi_get_element(scratch->env, list, at + 1, &value);
  napi_get_value_uint32(scratch->env, place, &row);
  read_row(scratch, value, &client_rows[row], options);
}

void midge_options_read(midge_scratch *scratch, napi_value list,
                        midge_client_options *options) {
  uint32_t length = 0;
  napi_get_array_length(scratch->env, list, &length);
  for (uint32_t i = 0; i < length; i += 2)
    read_client_row(scratch, list, i, options);
}

napi_value midge_options_names(napi_env env) {
  napi_value names = NULL;
  napi_create_array(env, &names);
  for (uint32_t i = 0; i < sizeof client_rows / sizeof *client_rows; i++) {
    napi_value name = NULL;
    napi_create_string_utf8(env, client_rows[i].name, NAPI_AUTO_LENGTH, &name);
    napi_set_element(env, names, i, name);
  }
  return names;
}
