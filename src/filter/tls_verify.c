#include "filter/tls_verify.h"

#include <arpa/inet.h>
#include <openssl/x509v3.h>

#include "base/slice.h"
#include "filter/tls_context.h"

enum { NAMES_SHOWN_MAX = 4 };

static const struct {
  int error;
  const char *code;
} CODES[] = {
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, "UNABLE_TO_GET_ISSUER_CERT"},
    {X509_V_ERR_UNABLE_TO_GET_CRL, "UNABLE_TO_GET_CRL"},
    {X509_V_ERR_CERT_SIGNATURE_FAILURE, "CERT_SIGNATURE_FAILURE"},
    {X509_V_ERR_CRL_SIGNATURE_FAILURE, "CRL_SIGNATURE_FAILURE"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "CERT_NOT_YET_VALID"},
    {X509_V_ERR_CERT_HAS_EXPIRED, "CERT_HAS_EXPIRED"},
    {X509_V_ERR_CRL_NOT_YET_VALID, "CRL_NOT_YET_VALID"},
    {X509_V_ERR_CRL_HAS_EXPIRED, "CRL_HAS_EXPIRED"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "DEPTH_ZERO_SELF_SIGNED_CERT"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "SELF_SIGNED_CERT_IN_CHAIN"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "UNABLE_TO_VERIFY_LEAF_SIGNATURE"},
    {X509_V_ERR_CERT_CHAIN_TOO_LONG, "CERT_CHAIN_TOO_LONG"},
    {X509_V_ERR_CERT_REVOKED, "CERT_REVOKED"},
    {X509_V_ERR_INVALID_CA, "INVALID_CA"},
    {X509_V_ERR_PATH_LENGTH_EXCEEDED, "PATH_LENGTH_EXCEEDED"},
    {X509_V_ERR_INVALID_PURPOSE, "INVALID_PURPOSE"},
    {X509_V_ERR_CERT_UNTRUSTED, "CERT_UNTRUSTED"},
    {X509_V_ERR_CERT_REJECTED, "CERT_REJECTED"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "ERR_TLS_CERT_ALTNAME_INVALID"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "ERR_TLS_CERT_ALTNAME_INVALID"},
};

const char *midge_tls_fault_code(int error) {
  for (size_t i = 0; i < sizeof(CODES) / sizeof(CODES[0]); i++) {
    if (CODES[i].error == error) return CODES[i].code;
  }
  return "MIDGE_ETLS";
}

static void add_bio(midge_text *text, BIO *bio) {
  char *data;
  long size = BIO_get_mem_data(bio, &data);
  if (size > 0) midge_text_quote(text, midge_slice_of(data, (size_t)size));
}

static void add_subject(midge_text *text, const X509 *certificate) {
  BIO *bio = BIO_new(BIO_s_mem());
  if (bio == NULL) return;
  X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0,
                     XN_FLAG_ONELINE);
  add_bio(text, bio);
  BIO_free(bio);
}

static void add_time(midge_text *text, const char *words,
                     const ASN1_TIME *time) {
  BIO *bio = BIO_new(BIO_s_mem());
  if (bio == NULL) return;
  ASN1_TIME_print(bio, time);
  midge_text_add(text, words);
  add_bio(text, bio);
  BIO_free(bio);
}

static void add_ip(midge_text *text, const ASN1_OCTET_STRING *address) {
  char words[INET6_ADDRSTRLEN];
  int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  if (family == AF_INET6 && ASN1_STRING_length(address) != 16) return;
  if (inet_ntop(family, ASN1_STRING_get0_data(address), words, sizeof(words)) !=
      NULL) {
    midge_text_add(text, words);
  }
}

/* Whom the certificate is for, so that one sees the misspelling. */
static void add_names(midge_text *text, const X509 *certificate) {
  GENERAL_NAMES *names =
      X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
  int count = sk_GENERAL_NAME_num(names), shown = 0;
  midge_text_add(text, count > 0 ? ": it names" : ": it names no host");
  for (int i = 0; i < count && shown < NAMES_SHOWN_MAX; i++) {
    const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS && name->type != GEN_IPADD) continue;
    midge_text_add(text, shown++ == 0 ? " " : ", ");
    if (name->type == GEN_IPADD) {
      add_ip(text, name->d.iPAddress);
      continue;
    }
    const ASN1_IA5STRING *dns = name->d.dNSName;
    midge_text_quote(text, midge_slice_of(ASN1_STRING_get0_data(dns),
                                          (size_t)ASN1_STRING_length(dns)));
  }
  GENERAL_NAMES_free(names);
}

/* Nobody whom we trust has signed it. */
static bool is_of_a_stranger(int error) {
  return error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT ||
         error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN ||
         error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE ||
         error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY;
}

static void describe(midge_text *text, int error, int depth,
                     const X509 *certificate) {
  midge_text_add(text, depth == 0 ? "the server's certificate"
                                  : "an authority's certificate");
  if (certificate != NULL) {
    midge_text_add(text, " \"");
    add_subject(text, certificate);
    midge_text_add(text, "\"");
  }
  midge_text_add(text, " (depth ");
  midge_text_number(text, (unsigned)depth);
  midge_text_add(text, ") is refused: ");
  midge_text_add(text, X509_verify_cert_error_string(error));
  if (is_of_a_stranger(error))
    midge_text_add(text, ": an authority of your own is to be named (ca)");
  if (certificate == NULL) return;

  if (error == X509_V_ERR_CERT_HAS_EXPIRED) {
    add_time(text, " on ", X509_get0_notAfter(certificate));
  } else if (error == X509_V_ERR_CERT_NOT_YET_VALID) {
    add_time(text, " before ", X509_get0_notBefore(certificate));
  } else if (error == X509_V_ERR_HOSTNAME_MISMATCH ||
             error == X509_V_ERR_IP_ADDRESS_MISMATCH) {
    add_names(text, certificate);
  }
}

/* A certificate alone, from nobody we know, has a name of its own. */
static int judge_error(int error, int depth) {
  return error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY && depth == 0
             ? X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE
             : error;
}

/* Says no whenever OpenSSL does, and keeps the first reason. */
static int note_fault(int verified, X509_STORE_CTX *store) {
  if (verified == 1) return 1;
  const SSL *ssl =
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  midge_tls_fault *fault = &midge_tls_connection_of(ssl)->fault;
  if (fault->error != 0) return 0;

  int depth = X509_STORE_CTX_get_error_depth(store);
  fault->error = judge_error(X509_STORE_CTX_get_error(store), depth);
  midge_text text = midge_text_in(fault->text, sizeof(fault->text));
  describe(&text, fault->error, depth, X509_STORE_CTX_get_current_cert(store));
  return 0;
}

void midge_tls_verify_with(SSL_CTX *ssl, bool insecure) {
  SSL_CTX_set_verify(ssl, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                     insecure ? NULL : note_fault);
}

static int verify_strictly(X509_STORE_CTX *store, void *context) {
  (void)context;
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(store),
                                   MIDGE_TLS_LEVEL);
  return X509_verify_cert(store);
}

void midge_tls_verify_strictly(SSL_CTX *ssl) {
  SSL_CTX_set_cert_verify_callback(ssl, verify_strictly, NULL);
}

bool midge_tls_verify_name(SSL *ssl, const char *name) {
  X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param,
                                  X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
                                      X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1) return true;
  return X509_VERIFY_PARAM_set1_host(param, name, 0) == 1;
}
