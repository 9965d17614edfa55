/* Where a server or a proxy is: a URL taken apart, decoded and checked. */
#ifndef MIDGE_LINK_URL_H
#define MIDGE_LINK_URL_H

#include "base/allocator.h"

typedef enum midge_scheme {
  MIDGE_SCHEME_MQTT,
  MIDGE_SCHEME_MQTTS,
  MIDGE_SCHEME_WS,
  MIDGE_SCHEME_WSS,
  MIDGE_SCHEME_UNIX,
  MIDGE_SCHEME_SOCKS5,
  MIDGE_SCHEME_HTTP,
} midge_scheme;

/* The strings live in one block that belongs to the URL. */
typedef struct midge_url {
  const midge_allocator *allocator;
  char *block; /* null: nothing parsed */
  size_t block_size;
  midge_scheme scheme;
  const char *host; /* without brackets; of unix: the path of the socket */
  uint16_t port;
  bool port_is_default;
  midge_slice path; /* with the query, at least "/"; of ws and wss only */
  midge_slice user_name, password; /* null data: none */
} midge_url;

/* What a URL may lead to. */
typedef enum midge_url_use {
  MIDGE_URL_SERVER,
  MIDGE_URL_PROXY,
} midge_url_use;

/* MIDGE_EINVAL with a sentence for people in `text` (may be null), or
 * MIDGE_ENOMEM; then there is nothing to free. */
MIDGE_CHECKED midge_status midge_url_parse(midge_url *url,
                                           const midge_allocator *allocator,
                                           midge_slice source,
                                           midge_url_use use, char *text,
                                           size_t text_size);
/* Zeroed is fine. */
void midge_url_free(midge_url *url);

bool midge_url_has_tls(const midge_url *url);
bool midge_url_has_websocket(const midge_url *url);

#endif
