#include "link/filters.h"

#include <stdio.h>

#include "base/slice.h"
#include "filter/proxy.h"
#include "filter/websocket.h"

static midge_status push_proxy(midge_client *client, midge_stack *stack) {
  midge_filter *filter;
  midge_proxy_options options = {
      .host = midge_slice_text(client->url.host),
      .port = client->url.port,
      .user_name = client->proxy.user_name,
      .password = client->proxy.password,
      .allocator = &client->reactor->allocator,
  };
  midge_status status = client->proxy.scheme == MIDGE_SCHEME_HTTP
                            ? midge_http_connect_new(&filter, &options)
                            : midge_socks5_new(&filter, &options);
  if (status == MIDGE_OK) midge_stack_push(stack, filter);
  return status;
}

static midge_status push_tls(midge_client *client, midge_stack *stack) {
  midge_filter *filter;
  if (client->tls == NULL) return MIDGE_ETLS;
  midge_status status =
      midge_tls_new(&filter, client->tls, midge_slice_text(client->url.host),
                    client->url.port);
  if (status == MIDGE_OK) midge_stack_push(stack, filter);
  return status;
}

/* The Host header: brackets around IPv6, no port that is the scheme's own. */
static void print_host(const midge_url *url, char *host, size_t size) {
  bool is_ipv6 = strchr(url->host, ':') != NULL;
  int used = snprintf(host, size, is_ipv6 ? "[%s]" : "%s", url->host);
  if (!url->port_is_default && used > 0 && (size_t)used < size)
    snprintf(host + used, size - (size_t)used, ":%u", url->port);
}

static midge_status push_websocket(midge_client *client, midge_stack *stack) {
  char host[300];
  midge_filter *filter;
  print_host(&client->url, host, sizeof host);
  midge_websocket_options options = {
      .host = midge_slice_text(host),
      .path = client->url.path,
      .headers = client->headers.list,
      .header_count = client->headers.count,
      .allocator = &client->reactor->allocator,
  };
  if (client->version == MIDGE_MQTT_3_1)
    options.subprotocol = MIDGE_TEXT("mqttv3.1");
  midge_status status = midge_websocket_new(&filter, &options);
  if (status == MIDGE_OK) midge_stack_push(stack, filter);
  return status;
}

static midge_status explain(midge_fault *fault, midge_status status,
                            const char *what) {
  if (status != MIDGE_OK)
    midge_fault_set(fault, status, NULL, "%s: %s", what,
                    midge_status_text(status));
  return status;
}

midge_status midge_filters_push(midge_client *client, midge_stack *stack,
                                midge_fault *fault) {
  midge_status status = MIDGE_OK;
  if (client->proxy.host != NULL && client->url.scheme != MIDGE_SCHEME_UNIX)
    status = explain(fault, push_proxy(client, stack),
                     "the proxy cannot be asked for this server");
  if (status == MIDGE_OK && midge_url_has_tls(&client->url))
    status = explain(fault, push_tls(client, stack),
                     "TLS cannot be used with these options");
  if (status == MIDGE_OK && midge_url_has_websocket(&client->url))
    status = explain(fault, push_websocket(client, stack),
                     "a header or the path of the WebSocket is wrong");
  return status;
}
