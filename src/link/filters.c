#include "link/filters.h"

#include "base/slice.h"
#include "filter/proxy.h"
#include "filter/text.h"
#include "filter/websocket.h"

enum { HOST_ROOM = 300 };

/* A zone means something on this machine alone: nobody is told. */
static midge_slice without_zone(const char *host) {
  const char *zone = strchr(host, '%');
  if (zone == NULL || strchr(host, ':') == NULL) return midge_slice_text(host);
  return midge_slice_of(host, (size_t)(zone - host));
}

static midge_status push_proxy(const midge_way *way, midge_stack *stack) {
  midge_filter *filter;
  midge_proxy_options options = {
      .host = without_zone(way->url->host),
      .port = way->url->port,
      .user_name = way->proxy->user_name,
      .password = way->proxy->password,
      .allocator = way->allocator,
  };
  midge_status status = way->proxy->scheme == MIDGE_SCHEME_HTTP
                            ? midge_http_connect_new(&filter, &options)
                            : midge_socks5_new(&filter, &options);
  if (status == MIDGE_OK) midge_stack_push(stack, filter);
  return status;
}

static midge_status push_tls(const midge_way *way, midge_stack *stack) {
  midge_filter *filter;
  if (way->tls == NULL) return MIDGE_ETLS;
  midge_status status = midge_tls_new(
      &filter, way->tls, without_zone(way->url->host), way->url->port);
  if (status == MIDGE_OK) midge_stack_push(stack, filter);
  return status;
}

/* The Host header: brackets around IPv6, no port that is the scheme's own. */
static midge_text print_host(const midge_url *url, char *room, size_t size) {
  midge_text host = midge_text_in(room, size);
  bool is_ipv6 = strchr(url->host, ':') != NULL;
  if (is_ipv6) midge_text_add(&host, "[");
  midge_slice name = without_zone(url->host);
  for (size_t i = 0; i < name.size; i++)
    midge_text_add(&host, (const char[]){(char)name.data[i], '\0'});
  if (is_ipv6) midge_text_add(&host, "]");
  if (url->port_is_default) return host;
  midge_text_add(&host, ":");
  midge_text_number(&host, url->port);
  return host;
}

static midge_status push_websocket(const midge_way *way, midge_stack *stack) {
  char room[HOST_ROOM];
  midge_filter *filter;
  midge_text host = print_host(way->url, room, sizeof room);
  midge_websocket_options options = {
      .host = midge_slice_of(room, host.size),
      .path = way->url->path,
      .headers = way->headers->list,
      .header_count = way->headers->count,
      .allocator = way->allocator,
  };
  if (way->version == MIDGE_MQTT_3_1)
    options.subprotocol = MIDGE_TEXT("mqttv3.1");
  midge_status status = midge_websocket_new(&filter, &options);
  if (status == MIDGE_OK) midge_stack_push(stack, filter);
  return status;
}

static midge_status explain(midge_fault *fault, midge_status status,
                            const char *what) {
  if (status == MIDGE_OK) return status;
  char room[sizeof fault->text];
  midge_text text = midge_text_in(room, sizeof room);
  midge_text_add(&text, what);
  midge_text_add(&text, ": ");
  midge_text_add(&text, midge_status_text(status));
  midge_fault_set(fault, status, NULL, room);
  return status;
}

midge_status midge_filters_push(const midge_way *way, midge_stack *stack,
                                midge_fault *fault) {
  midge_status status = MIDGE_OK;
  if (way->is_bare) return status;
  if (way->proxy != NULL && way->url->scheme != MIDGE_SCHEME_UNIX)
    status = explain(fault, push_proxy(way, stack),
                     "the proxy cannot be asked for this server");
  if (status == MIDGE_OK && midge_url_has_tls(way->url))
    status = explain(fault, push_tls(way, stack),
                     "TLS cannot be used with these options");
  if (status == MIDGE_OK && midge_url_has_websocket(way->url))
    status = explain(fault, push_websocket(way, stack),
                     "a header or the path of the WebSocket is wrong");
  return status;
}
