/* The birth of a client on the caller's thread, and its end. */
#include <assert.h>
#include <stdio.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "reactor/attempt.h"
#include "reactor/dial.h"
#include "reactor/filters.h"

enum {
  QUEUE_MESSAGES_MAX = 1000000,
  QUEUE_BYTES_MAX = 256 * 1024 * 1024,
  CONNECT_TIMEOUT_MS = 30000,
  CLOSE_TIMEOUT_MS = 2000,
  ADDRESS_MAX = 64, /* of an IP address as text, with a zone */
};

/* Where the sentence for people goes. */
typedef struct explanation {
  char *text;
  size_t size;
} explanation;

static midge_status explain(explanation why, midge_status status,
                            const char *words) {
  if (why.text != NULL && why.size != 0)
    snprintf(why.text, why.size, "%s", words);
  return status;
}

static midge_status keep_text(midge_client *client, midge_buffer **kept,
                              midge_slice given, midge_slice in_url) {
  if (given.data == NULL) given = in_url;
  if (given.data == NULL) return MIDGE_OK;
  *kept = midge_buffer_copy(&client->reactor->allocator, given);
  return *kept != NULL ? MIDGE_OK : MIDGE_ENOMEM;
}

static midge_status keep_local_address(midge_client *client,
                                       midge_slice address, explanation why) {
  struct sockaddr_in ip4;
  struct sockaddr_in6 ip6;
  if (address.size == 0) return MIDGE_OK;
  if (address.size >= ADDRESS_MAX)
    return explain(why, MIDGE_EINVAL, "the local address is too long");
  client->local_address =
      midge_allocate_zero(&client->reactor->allocator, ADDRESS_MAX);
  if (client->local_address == NULL) return MIDGE_ENOMEM;
  memcpy(client->local_address, address.data, address.size);
  if (uv_ip4_addr(client->local_address, 0, &ip4) != 0 &&
      uv_ip6_addr(client->local_address, 0, &ip6) != 0)
    return explain(why, MIDGE_EINVAL, "the local address is not an IP address");
  return MIDGE_OK;
}

/* Where to, and through what. */
static midge_status keep_places(midge_client *client,
                                const midge_client_options *options,
                                explanation why) {
  const midge_allocator *allocator = &client->reactor->allocator;
  midge_status status = midge_url_parse(&client->url, allocator, options->url,
                                        MIDGE_URL_SERVER, why.text, why.size);
  if (status == MIDGE_OK && options->proxy.size != 0)
    status = midge_url_parse(&client->proxy, allocator, options->proxy,
                             MIDGE_URL_PROXY, why.text, why.size);
  if (status == MIDGE_OK && options->proxy.size != 0 &&
      client->url.scheme == MIDGE_SCHEME_UNIX)
    status =
        explain(why, MIDGE_EINVAL, "a proxy cannot connect to a Unix socket");
  if (status == MIDGE_OK)
    status = keep_local_address(client, options->local_address, why);
  if (status == MIDGE_OK)
    status = midge_headers_set(&client->headers, allocator,
                               options->websocket.headers,
                               options->websocket.header_count);
  return status;
}

/* A client that asks before each attempt may be sent to a server with TLS. */
static midge_status keep_tls(midge_client *client,
                             const midge_client_options *options,
                             explanation why) {
  bool needed = midge_url_has_tls(&client->url);
  if (!needed && !options->ask) return MIDGE_OK;
  midge_status status = midge_tls_context_new(
      &client->tls, &options->tls, &client->reactor->allocator,
      needed ? why.text : NULL, needed ? why.size : 0);
  if (status == MIDGE_OK) return MIDGE_OK;
  client->tls = NULL;
  return needed ? status : MIDGE_OK;
}

/* What stands in the way of every attempt is found at once. */
static midge_status check_filters(midge_client *client, explanation why) {
  midge_stack stack;
  midge_fault fault;
  midge_stack_init(&stack);
  midge_status status = midge_filters_push(client, &stack, &fault);
  midge_stack_free(&stack);
  if (status != MIDGE_OK) explain(why, status, fault.text);
  return status;
}

/* The queue's limits are kept on this side, where a publish is refused at
 * once; see midge_client_publish. */
static midge_status make_session(midge_client *client,
                                 const midge_client_options *options,
                                 explanation why) {
  midge_session_options of_session = options->session;
  if (of_session.durable)
    return explain(why, MIDGE_ENOTSUP,
                   "a durable session needs a journal, and this client has"
                   " none");
  midge_status status = keep_text(client, &client->user_name,
                                  of_session.user_name, client->url.user_name);
  if (status == MIDGE_OK)
    status = keep_text(client, &client->password, of_session.password,
                       client->url.password);
  if (status != MIDGE_OK) return status;
  if (client->user_name != NULL)
    of_session.user_name = midge_buffer_slice(client->user_name);
  if (client->password != NULL)
    of_session.password = midge_buffer_slice(client->password);
  of_session.queue_messages_max = SIZE_MAX;
  of_session.queue_bytes_max = SIZE_MAX;
  of_session.allocator = &client->reactor->allocator;
  status = midge_session_new(&client->session, &of_session);
  if (status == MIDGE_OK) return MIDGE_OK;
  client->session = NULL;
  return explain(why, status, midge_status_text(status));
}

static uint32_t or_default(uint32_t given, uint32_t otherwise) {
  return given != 0 ? given : otherwise;
}

static void keep_numbers(midge_client *client,
                         const midge_client_options *options) {
  const midge_session_options *session = &options->session;
  client->version = session->version;
  client->text = session->text;
  client->context = session->context;
  client->ends_with_connection = session->session_expiry_s == 0;
  client->queue_messages_max = session->queue_messages_max != 0
                                   ? session->queue_messages_max
                                   : QUEUE_MESSAGES_MAX;
  client->queue_bytes_max = session->queue_bytes_max != 0
                                ? session->queue_bytes_max
                                : QUEUE_BYTES_MAX;
  atomic_init(&client->queue_messages, 0);
  atomic_init(&client->queue_bytes, 0);
  atomic_init(&client->standing, 0);
  client->nagle = options->nagle;
  client->ask = options->ask;
  client->off = options->reconnect.off;
  client->lasting = options->reconnect.lasting;
  client->redirect.most = options->reconnect.redirects_max;
  client->connect_timeout_ms =
      or_default(options->connect_timeout_ms, CONNECT_TIMEOUT_MS);
  client->close_timeout_ms =
      or_default(options->close_timeout_ms, CLOSE_TIMEOUT_MS);
  uint64_t seed = 0;
  if (uv_random(NULL, NULL, &seed, sizeof seed, 0, NULL) != 0)
    seed = uv_hrtime();
  midge_retry_init(&client->retry, options->reconnect.min_ms,
                   options->reconnect.max_ms, options->reconnect.stable_ms,
                   options->reconnect.fixed, seed);
}

static void free_parts(midge_client *client) {
  const midge_allocator *allocator = &client->reactor->allocator;
  midge_session_free(client->session);
  midge_url_free(&client->url);
  midge_url_free(&client->proxy);
  midge_redirect_free(&client->redirect);
  midge_headers_free(&client->headers);
  midge_tls_context_release(client->tls);
  midge_buffer_release(client->user_name);
  midge_buffer_release(client->password);
  midge_free(allocator, client->local_address, ADDRESS_MAX);
  midge_tickets_free(&client->tickets);
}

midge_status midge_client_open(midge_client **opened, midge_reactor *reactor,
                               const midge_client_options *options, char *text,
                               size_t text_size) {
  explanation why = {text, text_size};
  explain(why, MIDGE_OK, "");
  midge_client *client =
      midge_allocate_zero(&reactor->allocator, sizeof *client);
  if (client == NULL) return explain(why, MIDGE_ENOMEM, "out of memory");
  client->reactor = reactor;
  client->last_parcel.data = (uint8_t *)&client->last_wish;
  client->deferred_end = &client->deferred;
  midge_tickets_init(&client->tickets, &reactor->allocator);
  keep_numbers(client, options);

  midge_status status = keep_places(client, options, why);
  if (status == MIDGE_OK) status = keep_tls(client, options, why);
  if (status == MIDGE_OK) status = check_filters(client, why);
  if (status == MIDGE_OK) status = make_session(client, options, why);
  if (status == MIDGE_OK)
    status = midge_reactor_wish(
        reactor, &(midge_wish){.client = client, .type = MIDGE_WISH_OPEN});
  if (status == MIDGE_OK) {
    *opened = client;
    return MIDGE_OK;
  }
  if (text != NULL && text_size != 0 && text[0] == '\0')
    explain(why, status, midge_status_text(status));
  free_parts(client);
  midge_free(&reactor->allocator, client, sizeof *client);
  return status;
}

void midge_client_adopt(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  client->next = reactor->clients;
  if (client->next != NULL) client->next->previous = client;
  reactor->clients = client;

  uv_timer_init(&reactor->loop, &client->timer);
  client->timer.data = client;
  client->timer_at = MIDGE_NEVER;
  client->phase = MIDGE_PHASE_IDLE;
  client->phase_until = MIDGE_NEVER;
  client->told = midge_reactor_now(reactor);
  midge_session_elapsed(client->session, client->told);
}

static void free_client(uv_handle_t *timer) {
  midge_client *client = timer->data;
  const midge_allocator *allocator = &client->reactor->allocator;
  midge_free(allocator, client, sizeof *client);
}

static void free_deferred(midge_client *client) {
  while (client->deferred != NULL) {
    midge_deferred *first = client->deferred;
    client->deferred = first->next;
    const midge_wish *wish = (const midge_wish *)(const void *)first->bytes;
    midge_free(&client->reactor->allocator, first, sizeof *first + wish->size);
  }
}

void midge_client_drop(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  if (client->next != NULL) client->next->previous = client->previous;
  if (client->previous != NULL)
    client->previous->next = client->next;
  else
    reactor->clients = client->next;

  if (client->dial != NULL) midge_dial_cancel(client->dial);
  if (client->link != NULL) midge_link_drop(client->link);
  if (client->has_closed) midge_buffer_release(client->closed.buffer);
  client->dial = NULL;
  client->link = NULL;
  free_deferred(client);
  free_parts(client);
  client->session = NULL;
  uv_close((uv_handle_t *)&client->timer, free_client);
}
