/* Proxies that a connection is asked from: SOCKS5 (RFC 1928, RFC 1929) and the
 * CONNECT method of HTTP (RFC 9110, 9.3.6). Once OPEN both pass bytes on. */
#ifndef MIDGE_FILTER_PROXY_H
#define MIDGE_FILTER_PROXY_H

#include "filter/filter.h"

typedef struct midge_proxy_options {
  midge_slice host; /* of the server, not of the proxy: a name, which the proxy
                       resolves, or an IP address without brackets */
  uint16_t port;
  midge_slice user_name, password; /* null data: none */
  const midge_allocator *allocator;
} midge_proxy_options;

/* Everything is copied. MIDGE_EINVAL: a host, user name or password that is
 * too long or holds what the protocol cannot carry. MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status midge_socks5_new(midge_filter **filter,
                                            const midge_proxy_options *options);
MIDGE_CHECKED midge_status midge_http_connect_new(
    midge_filter **filter, const midge_proxy_options *options);

#endif
