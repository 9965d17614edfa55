/* Sentences for what can go wrong with a connection. */
#ifndef MIDGE_FILTER_TLS_ERROR_H
#define MIDGE_FILTER_TLS_ERROR_H

#include <openssl/ssl.h>

#include "filter/common.h"
#include "filter/tls_context.h"

/* FAILED for what OpenSSL found, in its error queue. */
void midge_tls_fail(midge_common *common,
                    const midge_tls_connection *connection);

/* Whether these first bytes can begin an answer in TLS; FAILED if not, with
 * a guess at what they are. */
MIDGE_CHECKED bool midge_tls_is_answer(midge_common *common, midge_slice first);

#endif
