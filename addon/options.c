#include "options.h"

#include "properties.h"

static uint32_t number(midge_scratch *scratch, napi_value object,
                       const char *name) {
  return (uint32_t)midge_scratch_number(scratch, object, name);
}

const midge_publish *midge_options_read_will(midge_scratch *scratch,
                                             napi_value object) {
  if (object == NULL) return NULL;
  midge_publish *will = midge_scratch_take(scratch, sizeof *will);
  if (will == NULL) return NULL;
  *will = (midge_publish){
      .topic = midge_scratch_text(scratch, object, "topic"),
      .payload = midge_scratch_text(scratch, object, "payload"),
      .qos = (midge_qos)number(scratch, object, "qos"),
      .retain = midge_scratch_flag(scratch, object, "retain"),
      .properties = midge_properties_read(
          scratch, midge_scratch_field(scratch, object, "properties")),
  };
  return will;
}

void midge_options_read_tls(midge_scratch *scratch, napi_value object,
                            midge_tls_options *tls) {
  if (object == NULL) return;
  *tls = (midge_tls_options){
      .ca_file = midge_scratch_text(scratch, object, "caFile"),
      .ca_path = midge_scratch_text(scratch, object, "caPath"),
      .ca = midge_scratch_text(scratch, object, "ca"),
      .certificate_file = midge_scratch_text(scratch, object, "certFile"),
      .key_file = midge_scratch_text(scratch, object, "keyFile"),
      .certificate = midge_scratch_text(scratch, object, "cert"),
      .key = midge_scratch_text(scratch, object, "key"),
      .pkcs12 = midge_scratch_text(scratch, object, "pfx"),
      .passphrase = midge_scratch_text(scratch, object, "passphrase"),
      .crl = midge_scratch_text(scratch, object, "crl"),
      .psk_identity = midge_scratch_text(scratch, object, "pskIdentity"),
      .psk = midge_scratch_text(scratch, object, "psk"),
      .ciphers = midge_scratch_text(scratch, object, "ciphers"),
      .server_name = midge_scratch_text(scratch, object, "servername"),
      .verify_name = midge_scratch_text(scratch, object, "verifyHost"),
      .version_min = (int)midge_scratch_number(scratch, object, "minVersion"),
      .version_max = (int)midge_scratch_number(scratch, object, "maxVersion"),
      .insecure_host = midge_scratch_flag(scratch, object, "insecureHost"),
      .insecure = midge_scratch_flag(scratch, object, "insecure"),
      .key_log_file = midge_scratch_text(scratch, object, "keyLogFile"),
  };
  tls->alpn = midge_scratch_texts(
      scratch, midge_scratch_field(scratch, object, "alpn"), &tls->alpn_count);
}

static void read_session(midge_scratch *scratch, napi_value object,
                         midge_session_options *session) {
  *session = (midge_session_options){
      .version = (midge_version)number(scratch, object, "version"),
      .negotiate = midge_scratch_flag(scratch, object, "negotiate"),
      .client_id = midge_scratch_text(scratch, object, "clientId"),
      .user_name = midge_scratch_text(scratch, object, "userName"),
      .password = midge_scratch_text(scratch, object, "password"),
      .will = midge_options_read_will(
          scratch, midge_scratch_field(scratch, object, "will")),
      .properties = midge_properties_read(
          scratch, midge_scratch_field(scratch, object, "properties")),
      .clean_start = midge_scratch_flag(scratch, object, "clean"),
      .session_expiry_s = number(scratch, object, "sessionExpiry"),
      .adopt_session = true,
      .keep_alive_s = (uint16_t)number(scratch, object, "keepAlive"),
      .keep_alive_off = number(scratch, object, "keepAlive") == 0,
      .receive_max = (uint16_t)number(scratch, object, "receiveMaximum"),
      .alias_max = (uint16_t)number(scratch, object, "topicAliasMaximum"),
      .alias_auto = midge_scratch_flag(scratch, object, "topicAliases"),
      .lower_qos = midge_scratch_flag(scratch, object, "lowerQoS"),
      .forget_subscriptions =
          midge_scratch_flag(scratch, object, "forgetSubscriptions"),
      .text = midge_scratch_flag(scratch, object, "lenientText")
                  ? MIDGE_TEXT_LENIENT
                  : MIDGE_TEXT_STRICT,
      .packet_size_max = number(scratch, object, "maximumPacketSize"),
      .in_flight_max = (uint16_t)number(scratch, object, "maxInFlight"),
      .reply_timeout_ms = number(scratch, object, "replyTimeout"),
      .queue_messages_max =
          (size_t)midge_scratch_number(scratch, object, "maxQueueMessages"),
      .queue_bytes_max =
          (size_t)midge_scratch_number(scratch, object, "maxQueueBytes"),
  };
}

void midge_options_read(midge_scratch *scratch, napi_value object,
                        midge_client_options *options) {
  *options = (midge_client_options){
      .url = midge_scratch_text(scratch, object, "url"),
      .proxy = midge_scratch_text(scratch, object, "proxy"),
      .local_address = midge_scratch_text(scratch, object, "localAddress"),
      .nagle = midge_scratch_flag(scratch, object, "nagle"),
      .connect_timeout_ms = number(scratch, object, "connectTimeout"),
      .close_timeout_ms = number(scratch, object, "closeTimeout"),
      .ask = midge_scratch_flag(scratch, object, "ask"),
  };
  options->reconnect.min_ms = number(scratch, object, "reconnectMin");
  options->reconnect.max_ms = number(scratch, object, "reconnectMax");
  options->reconnect.fixed =
      midge_scratch_flag(scratch, object, "reconnectFixed");
  options->reconnect.off = midge_scratch_flag(scratch, object, "reconnectOff");
  options->reconnect.lasting =
      midge_scratch_flag(scratch, object, "reconnectLasting");
  options->reconnect.redirects_max =
      (uint8_t)number(scratch, object, "redirectsMax");
  options->websocket.headers = midge_scratch_texts(
      scratch, midge_scratch_field(scratch, object, "headers"),
      &options->websocket.header_count);
  read_session(scratch, object, &options->session);
  midge_options_read_tls(scratch, midge_scratch_field(scratch, object, "tls"),
                         &options->tls);
}
