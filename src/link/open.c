/* The beginning and the end of a link. */
#include <arpa/inet.h>

#include "engine/tell.h"
#include "filter/text.h"
#include "link/attempt.h"
#include "link/events.h"
#include "link/filters.h"

enum {
  CONNECT_TIMEOUT_MS = 30000,
  CLOSE_TIMEOUT_MS = 2000,
  HELD_MAX = 16 * 1024 * 1024,
  ADDRESS_MAX = 64, /* of an IP address as text, with a zone */
};

static const midge_fault no_fault = {.status = MIDGE_OK};

/* Where the sentence for people goes. */
typedef struct explanation {
  char *text;
  size_t size;
} explanation;

static midge_status explain(explanation why, midge_status status,
                            const char *words) {
  midge_text text = midge_text_in(why.text, why.size);
  midge_text_add(&text, words);
  return status;
}

/* --- Parts --- */

static midge_status keep_local_address(midge_link *link, midge_slice address,
                                       explanation why) {
  struct in_addr ip4;
  struct in6_addr ip6;
  if (address.size == 0) return MIDGE_OK;
  if (address.size >= ADDRESS_MAX)
    return explain(why, MIDGE_EINVAL, "the local address is too long");
  link->local_address = midge_allocate_zero(link->allocator, ADDRESS_MAX);
  if (link->local_address == NULL) return MIDGE_ENOMEM;
  memcpy(link->local_address, address.data, address.size);

  char bare[ADDRESS_MAX];
  memcpy(bare, link->local_address, ADDRESS_MAX);
  char *zone = strchr(bare, '%');
  if (zone != NULL) *zone = '\0';
  if (inet_pton(AF_INET, link->local_address, &ip4) == 1) return MIDGE_OK;
  if (inet_pton(AF_INET6, bare, &ip6) == 1) return MIDGE_OK;
  return explain(why, MIDGE_EINVAL, "the local address is not an IP address");
}

static midge_status keep_proxy(midge_link *link, midge_slice proxy,
                               explanation why) {
  if (proxy.size == 0) return MIDGE_OK;
  link->proxy = midge_allocate_zero(link->allocator, sizeof *link->proxy);
  if (link->proxy == NULL) return MIDGE_ENOMEM;
  return midge_url_parse(link->proxy, link->allocator, proxy, MIDGE_URL_PROXY,
                         why.text, why.size);
}

/* Where to, and through what. */
static midge_status keep_places(midge_link *link,
                                const midge_client_options *options,
                                explanation why) {
  midge_status status = midge_places_init(
      &link->places, link->allocator, options->url, options->servers,
      options->server_count, why.text, why.size);
  if (status != MIDGE_OK) return status;
  status = keep_proxy(link, options->proxy, why);
  if (status == MIDGE_OK && link->proxy != NULL &&
      midge_places_current(&link->places)->scheme == MIDGE_SCHEME_UNIX)
    status =
        explain(why, MIDGE_EINVAL, "a proxy cannot connect to a Unix socket");
  if (status == MIDGE_OK && link->by_hand &&
      (link->proxy != NULL || options->local_address.size != 0))
    status = explain(why, MIDGE_EINVAL,
                     "a transport by hand has neither a proxy nor a local"
                     " address: connect it yourself");
  if (status == MIDGE_OK)
    status = keep_local_address(link, options->local_address, why);
  if (status == MIDGE_OK)
    status = midge_headers_set(&link->headers, link->allocator,
                               options->websocket.headers,
                               options->websocket.header_count);
  return status;
}

/* Padding that is not zero costs no more than an early context. */
static bool is_default(const midge_tls_options *tls) {
  static const midge_tls_options none = {0};
  return memcmp(tls, &none, sizeof none) == 0;
}

/* A client that asks before each attempt may be sent to a server with TLS. What
 * it was told of it is read now; a context of the defaults, which is large, is
 * made when it is needed. */
static midge_status keep_tls(midge_link *link,
                             const midge_client_options *options,
                             explanation why) {
  bool needed = midge_places_need_tls(&link->places);
  if (link->by_hand) return MIDGE_OK;
  link->has_default_tls = is_default(&options->tls);
  if (!needed && (!options->ask || link->has_default_tls)) return MIDGE_OK;
  midge_status status =
      midge_tls_context_new(&link->tls, &options->tls, link->allocator,
                            needed ? why.text : NULL, needed ? why.size : 0);
  if (status == MIDGE_OK) return MIDGE_OK;
  link->tls = NULL;
  return needed ? status : MIDGE_OK;
}

/* What stands in the way of every attempt is found at once. */
static midge_status check_filters(midge_link *link, explanation why) {
  midge_stack stack;
  midge_fault fault;
  const midge_way way = midge_attempt_way(link);
  midge_stack_init(&stack);
  midge_status status = midge_filters_push(&way, &stack, &fault);
  midge_stack_free(&stack);
  if (status != MIDGE_OK) explain(why, status, fault.text);
  return status;
}

static midge_status keep_text(midge_link *link, midge_buffer **kept,
                              midge_slice given) {
  if (given.data == NULL) return MIDGE_OK;
  *kept = midge_buffer_copy(link->allocator, given);
  return *kept != NULL ? MIDGE_OK : MIDGE_ENOMEM;
}

/* The queue's limits are kept by the driver, where a wish is refused at once.
 */
static midge_status check_store(const midge_client_options *options,
                                explanation why) {
  const midge_session_options *session = &options->session;
  if (options->store.path.size == 0 && session->durable)
    return explain(why, MIDGE_ENOTSUP,
                   "a durable session needs a store: set its path");
  if (options->store.path.size == 0) return MIDGE_OK;
  if (session->clean_start)
    return explain(why, MIDGE_EINVAL,
                   "a store keeps a session, and this one is clean: set clean"
                   " to false, or leave the store out");
  if (session->version == MIDGE_MQTT_5 && session->session_expiry_s == 0)
    return explain(why, MIDGE_EINVAL,
                   "a store keeps a session, and this one ends with its"
                   " connection: give a session expiry interval");
  return MIDGE_OK;
}

static midge_status make_session(midge_link *link,
                                 const midge_client_options *options,
                                 explanation why) {
  midge_session_options of_session = options->session;
  const midge_url *url = midge_places_current(&link->places);
  midge_status status = check_store(options, why);
  if (status == MIDGE_OK)
    status = keep_text(link, &link->user_name, of_session.user_name);
  if (status == MIDGE_OK)
    status = keep_text(link, &link->password, of_session.password);
  if (status != MIDGE_OK) return status;
  if (link->user_name == NULL) of_session.user_name = url->user_name;
  if (link->password == NULL) of_session.password = url->password;
  of_session.queue_messages_max = SIZE_MAX;
  of_session.queue_bytes_max = SIZE_MAX;
  of_session.allocator = link->allocator;
  link->is_restoring = of_session.durable = options->store.path.size != 0;
  status = midge_session_new(&link->session, &of_session);
  if (status == MIDGE_OK) return MIDGE_OK;
  link->session = NULL;
  return explain(why, status, midge_status_text(status));
}

static uint32_t or_default(uint32_t given, uint32_t otherwise) {
  return given != 0 ? given : otherwise;
}

static void keep_numbers(midge_link *link, const midge_client_options *options,
                         uint64_t seed) {
  link->version = options->session.version;
  link->context = options->session.context;
  link->nagle = options->nagle;
  link->is_silent = options->session.keep_alive_off;
  link->ask = options->ask;
  link->by_hand = options->transport_by_hand;
  link->off = options->reconnect.off;
  link->lasting = options->reconnect.lasting;
  link->places.redirect.most = options->reconnect.redirects_max;
  link->connect_timeout_ms =
      or_default(options->connect_timeout_ms, CONNECT_TIMEOUT_MS);
  link->close_timeout_ms =
      or_default(options->close_timeout_ms, CLOSE_TIMEOUT_MS);
  link->held_max =
      options->event_bytes_max != 0 ? options->event_bytes_max : HELD_MAX;
  midge_retry_init(&link->retry, options->reconnect.min_ms,
                   options->reconnect.max_ms, options->reconnect.stable_ms,
                   options->reconnect.fixed, seed);
}

/* --- The whole --- */

static midge_status fill(midge_link *link, const midge_client_options *options,
                         explanation why) {
  midge_status status = keep_places(link, options, why);
  if (status == MIDGE_OK) status = keep_tls(link, options, why);
  if (status == MIDGE_OK) status = check_filters(link, why);
  if (status == MIDGE_OK) status = make_session(link, options, why);
  if (status != MIDGE_OK && why.text != NULL && why.size != 0 &&
      why.text[0] == '\0')
    explain(why, status, midge_status_text(status));
  return status;
}

midge_status midge_link_new(midge_link **made,
                            const midge_client_options *options,
                            const midge_allocator *allocator, uint64_t seed,
                            char *text, size_t text_size) {
  explanation why = {text, text_size};
  explain(why, MIDGE_OK, "");
  midge_link *link = midge_allocate_zero(allocator, sizeof *link);
  if (link == NULL) return explain(why, MIDGE_ENOMEM, "out of memory");
  link->allocator = link->patient = allocator;
  link->fault = &no_fault;
  link->desire = MIDGE_DESIRE_DOWN;
  link->phase = MIDGE_PHASE_IDLE;
  link->phase_until = link->opened_at = MIDGE_NEVER;
  link->deferred_end = &link->deferred;
  midge_stack_init(&link->stack);
  midge_tickets_init(&link->tickets, allocator);
  midge_ring_init(&link->events, allocator, sizeof(midge_event));
  keep_numbers(link, options, seed);

  midge_status status = fill(link, options, why);
  if (status == MIDGE_OK) {
    *made = link;
    return MIDGE_OK;
  }
  midge_link_free(link);
  return status;
}

static void free_deferred(midge_link *link) {
  while (link->deferred != NULL) {
    midge_deferred *first = link->deferred;
    link->deferred = first->next;
    const midge_wish *wish = (const midge_wish *)(const void *)first->bytes;
    midge_wish_release(wish);
    midge_free(link->patient, first, sizeof *first + wish->size);
  }
}

void midge_link_rely(midge_link *link, const midge_allocator *patient) {
  assert(link->events.room + link->tickets.room == 0);
  link->patient = link->events.allocator = link->tickets.allocator = patient;
  midge_session_rely(link->session, patient);
}

void *midge_link_context(const midge_link *link) {
  return link->context;
}

void midge_link_free(midge_link *link) {
  if (link == NULL) return;
  midge_link_free_events(link);
  free_deferred(link);
  midge_stack_free(&link->stack);
  midge_session_free(link->session);
  midge_places_free(&link->places);
  if (link->proxy != NULL) midge_url_free(link->proxy);
  midge_free(link->allocator, link->proxy, sizeof *link->proxy);
  midge_headers_free(&link->headers);
  midge_tls_context_release(link->tls);
  midge_buffer_release(link->user_name);
  midge_buffer_release(link->password);
  midge_free(link->allocator, link->local_address, ADDRESS_MAX);
  midge_tickets_free(&link->tickets);
  midge_free(link->allocator, link, sizeof *link);
}
