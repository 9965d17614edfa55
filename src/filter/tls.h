/* TLS, the client's side. A context holds what options say, read and checked
 * once, and the sessions to resume; a filter is one connection made with it. */
#ifndef MIDGE_FILTER_TLS_H
#define MIDGE_FILTER_TLS_H

#include "filter/filter.h"
#include "midge/client.h"

typedef struct midge_tls_context midge_tls_context;

/* MIDGE_EINVAL: options that contradict each other. MIDGE_ETLS: a file that
 * cannot be read, a key that does not fit, an unknown cipher. MIDGE_ENOMEM.
 * `text` (may be null) gets a sentence about what is wrong, cut to size.
 * Nothing of `options` is referred to afterwards. */
MIDGE_CHECKED midge_status midge_tls_context_new(
    midge_tls_context **context, const midge_tls_options *options,
    const midge_allocator *allocator, char *text, size_t text_size);
/* Counted, from any thread; everything else about a context and its filters
 * happens on one thread at a time. */
midge_tls_context *midge_tls_context_hold(midge_tls_context *context);
void midge_tls_context_release(midge_tls_context *context); /* null is fine */

/* A connection to `host` (a name or an IP address without brackets), which is
 * what the certificate is checked for, and what is sent as SNI when it is a
 * name, unless the options say otherwise. Holds the context. MIDGE_ENOMEM,
 * MIDGE_EINVAL: no name to verify. */
MIDGE_CHECKED midge_status midge_tls_new(midge_filter **filter,
                                         midge_tls_context *context,
                                         midge_slice host, uint16_t port);

/* Of a filter made here that is OPEN: for tests and for the curious. */
bool midge_tls_resumed(const midge_filter *filter);
const char *midge_tls_version(const midge_filter *filter);
/* The protocol the server chose among those offered; null data for none. */
midge_slice midge_tls_alpn(const midge_filter *filter);

#endif
