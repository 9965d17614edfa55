/* Which ciphers may be used, from the user's list. */
#ifndef MIDGE_FILTER_TLS_CIPHERS_H
#define MIDGE_FILTER_TLS_CIPHERS_H

#include <openssl/ssl.h>

#include "filter/text.h"

typedef struct midge_tls_ciphers {
  bool has_suites; /* names of TLS 1.3 were given */
  bool has_list;   /* names of TLS 1.2 and below */
} midge_tls_ciphers;

/* Names are checked one by one, since OpenSSL skips those it does not know.
 * Whatever is asked for, ciphers without encryption and ciphers without
 * authentication are not used. `list` null data: the defaults. */
MIDGE_CHECKED bool midge_tls_set_ciphers(SSL_CTX *ssl, midge_slice list,
                                         bool psk, midge_tls_ciphers *found,
                                         midge_text *text);

#endif
