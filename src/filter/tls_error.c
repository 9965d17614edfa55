#include "filter/tls_error.h"

#include <openssl/err.h>

#include "base/slice.h"
#include "filter/tls_source.h"

enum { RECORD_ALERT = 0x15, RECORD_HANDSHAKE = 0x16, MQTT_CONNACK = 0x20 };

/* What an alert means here, when its name does not say. */
static const struct {
  int alert;
  const char *words;
} HINTS[] = {
    {SSL_AD_HANDSHAKE_FAILURE,
     ": no cipher, version or kind of key in common, or it wants a client "
     "certificate"},
    {SSL_AD_PROTOCOL_VERSION, ": no version of TLS in common"},
    {SSL_AD_CERTIFICATE_REQUIRED, ": it wants a client certificate"},
    {SSL_AD_BAD_CERTIFICATE, ": it refuses the client certificate"},
    {SSL_AD_UNKNOWN_CA, ": it does not trust the client certificate"},
    {SSL_AD_CERTIFICATE_EXPIRED, ": the client certificate has expired"},
    {SSL_AD_CERTIFICATE_REVOKED, ": the client certificate was revoked"},
    {SSL_AD_UNRECOGNIZED_NAME, ": it does not know the server name (SNI)"},
    {SSL_AD_UNKNOWN_PSK_IDENTITY,
     ": it does not know the identity of the pre-shared key"},
    {SSL_AD_NO_APPLICATION_PROTOCOL, ": no ALPN protocol in common"},
};

static void add_alert(midge_text *text, int alert, bool psk) {
  midge_text_add(text, "the server ended TLS with the alert \"");
  midge_text_add(text, SSL_alert_desc_string_long(alert));
  midge_text_add(text, "\"");
  if (psk && (alert == SSL_AD_DECRYPT_ERROR || alert == SSL_AD_BAD_RECORD_MAC ||
              alert == SSL_AD_ILLEGAL_PARAMETER)) {
    midge_text_add(text, ": the pre-shared key is wrong");
    return;
  }
  for (size_t i = 0; i < sizeof(HINTS) / sizeof(HINTS[0]); i++) {
    if (HINTS[i].alert == alert) midge_text_add(text, HINTS[i].words);
  }
}

static void add_words(midge_text *text, int reason, bool psk) {
  switch (reason) {
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      midge_text_add(text, psk ? "the server shows a certificate: it does not "
                                 "know the pre-shared key"
                               : "the server's certificate is refused");
      return;
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
      midge_text_add(text,
                     "the server chose a version of TLS that is not "
                     "accepted here");
      return;
    case SSL_R_WRONG_VERSION_NUMBER:
      midge_text_add(text, "the server does not speak TLS as it should");
      return;
    default:
      midge_text_add(text, "TLS failed: ");
      midge_tls_add_reason(text);
      return;
  }
}

void midge_tls_fail(midge_common *common,
                    const midge_tls_connection *connection) {
  const midge_tls_fault *fault = &connection->fault;
  if (fault->error != 0) {
    midge_text text = midge_common_fail(common, MIDGE_ETLS,
                                        midge_tls_fault_code(fault->error));
    midge_text_add(&text, fault->text);
    return;
  }
  int reason = ERR_GET_REASON(ERR_peek_last_error());
  bool psk = connection->context->has_psk;
  midge_text text = midge_common_fail(common, MIDGE_ETLS, NULL);
  if (reason >= SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
    add_alert(&text, reason - SSL_AD_REASON_OFFSET, psk);
    return;
  }
  add_words(&text, reason, psk);
}

bool midge_tls_is_answer(midge_common *common, midge_slice first) {
  uint8_t byte = first.data[0];
  if (byte == RECORD_ALERT || byte == RECORD_HANDSHAKE) return true;

  midge_text text = midge_common_fail(common, MIDGE_ETLS, NULL);
  midge_text_add(&text, "the server does not speak TLS");
  if (byte == 'H') {
    midge_text_add(&text, ": it answered in plain HTTP");
  } else if (byte == MQTT_CONNACK) {
    midge_text_add(&text, ": it answered in plain MQTT");
  }
  return false;
}
