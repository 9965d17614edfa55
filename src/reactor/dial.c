#include "reactor/dial.h"

#include <assert.h>
#include <netdb.h>
#include <stdio.h>

#include "base/slice.h"
#include "reactor/attempt.h"

enum {
  ADDRESSES_MAX = 16,  /* of a name that are tried */
  HEAD_START_MS = 250, /* RFC 8305, 5: Connection Attempt Delay */
  KEEPALIVE_S = 60,    /* TCP's own, for peers that vanish */
  PLACE_MAX = 320,     /* a host and a port as text */
};

/* It lives until its timer has closed and its lookup has come back. */
struct midge_dial {
  midge_reactor *reactor;
  midge_client *client; /* null: cancelled or done */
  char host[256];
  uint16_t port;
  uv_getaddrinfo_t lookup;
  bool looking;        /* the lookup has not come back */
  bool lookup_stopped; /* its end is on the way */
  uv_timer_t head_start;
  bool timer_open;
  struct sockaddr_storage addresses[ADDRESSES_MAX];
  size_t count;
  size_t next; /* the next address to try */
  midge_link *racing[ADDRESSES_MAX];
  size_t racing_count;
  midge_fault fault; /* of the attempts so far */
};

static const struct sockaddr *address_of(const midge_dial *dial, size_t i) {
  return (const struct sockaddr *)&dial->addresses[i];
}

static void free_when_done(midge_dial *dial) {
  if (dial->looking || dial->timer_open) return;
  midge_free(&midge_allocator_default, dial, sizeof *dial);
}

static void on_timer_closed(uv_handle_t *handle) {
  midge_dial *dial = handle->data;
  dial->timer_open = false;
  free_when_done(dial);
}

static void drop_racing(midge_dial *dial) {
  for (size_t i = 0; i < dial->racing_count; i++)
    midge_link_drop(dial->racing[i]);
  dial->racing_count = 0;
}

/* A lookup that runs cannot be stopped: it holds its thread of the pool, and
 * this object, until the resolver gives up. */
void midge_dial_cancel(midge_dial *dial) {
  dial->client = NULL;
  drop_racing(dial);
  uv_close((uv_handle_t *)&dial->head_start, on_timer_closed);
  if (!dial->looking) return;
  dial->lookup_stopped = uv_cancel((uv_req_t *)&dial->lookup) == 0;
  if (dial->lookup_stopped)
    dial->reactor->cancelled++;
  else
    dial->reactor->lookups++;
}

static void fail(midge_dial *dial) {
  midge_client *client = dial->client;
  midge_fault fault = dial->fault;
  midge_dial_cancel(dial);
  midge_attempt_failed(client, &fault);
}

static void race_next(midge_dial *dial);

static void win(midge_dial *dial, midge_link *link) {
  midge_client *client = dial->client;
  for (size_t i = 0; i < dial->racing_count; i++)
    if (dial->racing[i] == link)
      dial->racing[i] = dial->racing[--dial->racing_count];
  midge_dial_cancel(dial);
  midge_attempt_dialed(client, link);
}

static void print_place(const struct sockaddr *address, char *place,
                        size_t size) {
  char name[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    uv_ip6_name(in6, name, sizeof name);
    snprintf(place, size, "[%s]:%u", name, ntohs(in6->sin6_port));
    return;
  }
  const struct sockaddr_in *in = (const struct sockaddr_in *)address;
  uv_ip4_name(in, name, sizeof name);
  snprintf(place, size, "%s:%u", name, ntohs(in->sin_port));
}

/* Of several errors the one that says most about the server is kept, not that
 * this machine lacks a family of addresses. */
static void note_fault(midge_dial *dial, int error, const char *place) {
  bool ours = error == UV_ENETUNREACH || error == UV_EADDRNOTAVAIL ||
              error == UV_EAFNOSUPPORT;
  if (ours && dial->fault.status != MIDGE_OK) return;
  midge_status status = error == UV_ETIMEDOUT ? MIDGE_ETIMEOUT : MIDGE_EERRNO;
  midge_fault_set_system(&dial->fault, status, error, "cannot connect to %s",
                         place);
}

static void note_fault_of(midge_dial *dial, int error, size_t i) {
  char place[PLACE_MAX];
  print_place(address_of(dial, i), place, sizeof place);
  note_fault(dial, error, place);
}

void midge_dial_connected(midge_dial *dial, midge_link *link, int status) {
  if (status == 0) {
    win(dial, link);
    return;
  }
  size_t at = 0;
  while (dial->racing[at] != link) at++;
  dial->racing[at] = dial->racing[--dial->racing_count];
  if (link->handle.type == UV_NAMED_PIPE)
    note_fault(dial, status, dial->host);
  else
    note_fault_of(dial, status, (size_t)(uintptr_t)link->connect.data);
  midge_link_drop(link);
  race_next(dial);
}

static void on_connected(uv_connect_t *request, int status) {
  midge_link *link = request->handle->data;
  if (link->dial != NULL) midge_dial_connected(link->dial, link, status);
}

/* Whether the local address lets us reach this family. */
static int bind_locally(midge_client *client, midge_link *link, int family) {
  if (client->local_address == NULL) return 0;
  struct sockaddr_storage local = {0};
  int error =
      family == AF_INET6
          ? uv_ip6_addr(client->local_address, 0, (struct sockaddr_in6 *)&local)
          : uv_ip4_addr(client->local_address, 0, (struct sockaddr_in *)&local);
  if (error != 0) return UV_EADDRNOTAVAIL;
  return uv_tcp_bind(&link->tcp, (const struct sockaddr *)&local, 0);
}

static int connect_to(midge_dial *dial, size_t i) {
  midge_link *link = midge_link_new(&dial->reactor->loop, false);
  if (link == NULL) return UV_ENOMEM;
  const struct sockaddr *address = address_of(dial, i);
  link->dial = dial;
  link->connect.data = (void *)(uintptr_t)i;
  int error = bind_locally(dial->client, link, address->sa_family);
  if (error == 0)
    error = uv_tcp_connect(&link->connect, &link->tcp, address, on_connected);
  if (error != 0) {
    midge_link_drop(link);
    return error;
  }
  uv_tcp_nodelay(&link->tcp, !dial->client->nagle);
  uv_tcp_keepalive(&link->tcp, 1, KEEPALIVE_S);
  dial->racing[dial->racing_count++] = link;
  return 0;
}

static void on_head_start(uv_timer_t *timer) {
  race_next(timer->data);
}

/* Start the next address that can be started; without one, and without any
 * under way, the dial has failed. */
static void race_next(midge_dial *dial) {
  uv_timer_stop(&dial->head_start);
  while (dial->next < dial->count) {
    size_t i = dial->next++;
    int error = connect_to(dial, i);
    if (error == 0) {
      uv_timer_start(&dial->head_start, on_head_start, HEAD_START_MS, 0);
      return;
    }
    note_fault_of(dial, error, i);
  }
  if (dial->racing_count == 0) fail(dial);
}

static void add_address(midge_dial *dial, const struct sockaddr *from) {
  bool is_ipv6 = from->sa_family == AF_INET6;
  if (dial->count == ADDRESSES_MAX) return;
  if (!is_ipv6 && from->sa_family != AF_INET) return;
  struct sockaddr_storage *to = &dial->addresses[dial->count++];
  memcpy(to, from,
         is_ipv6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
  if (is_ipv6)
    ((struct sockaddr_in6 *)to)->sin6_port = htons(dial->port);
  else
    ((struct sockaddr_in *)to)->sin_port = htons(dial->port);
}

static const struct addrinfo *next_of(const struct addrinfo *from, bool same_as,
                                      int family) {
  while (from != NULL && (from->ai_family == family) != same_as)
    from = from->ai_next;
  return from;
}

/* Families take turns, in the order the system prefers. RFC 8305, 4. */
static void interleave(midge_dial *dial, const struct addrinfo *found) {
  int family = found->ai_family;
  const struct addrinfo *same = found;
  const struct addrinfo *other = next_of(found, false, family);
  while (same != NULL || other != NULL) {
    if (same != NULL) {
      add_address(dial, same->ai_addr);
      same = next_of(same->ai_next, true, family);
    }
    if (other != NULL) {
      add_address(dial, other->ai_addr);
      other = next_of(other->ai_next, false, family);
    }
  }
}

static void on_found(uv_getaddrinfo_t *request, int status,
                     struct addrinfo *found) {
  midge_dial *dial = request->data;
  dial->looking = false;
  if (dial->client == NULL) {
    if (dial->lookup_stopped)
      dial->reactor->cancelled--;
    else
      dial->reactor->lookups--;
    uv_freeaddrinfo(found);
    free_when_done(dial);
    return;
  }
  if (status == 0) interleave(dial, found);
  uv_freeaddrinfo(found);
  if (dial->count == 0) {
    midge_fault_set_system(&dial->fault, MIDGE_ELOOKUP,
                           status != 0 ? status : UV_EAI_NODATA,
                           "cannot resolve \"%s\"", dial->host);
    fail(dial);
    return;
  }
  race_next(dial);
}

static void look_up(midge_dial *dial) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  dial->lookup.data = dial;
  int error = uv_getaddrinfo(&dial->reactor->loop, &dial->lookup, on_found,
                             dial->host, NULL, &hints);
  dial->looking = error == 0;
  if (error == 0) return;
  midge_fault_set_system(&dial->fault, MIDGE_ELOOKUP, error,
                         "cannot resolve \"%s\"", dial->host);
  fail(dial);
}

static void connect_pipe(midge_dial *dial) {
  midge_link *link = midge_link_new(&dial->reactor->loop, true);
  if (link == NULL) {
    note_fault(dial, UV_ENOMEM, dial->host);
    fail(dial);
    return;
  }
  link->dial = dial;
  dial->racing[dial->racing_count++] = link;
  uv_pipe_connect(&link->connect, &link->pipe, dial->host, on_connected);
}

/* The first step is taken from the loop, so that nothing ends before the call
 * that began it. */
static void on_start(uv_timer_t *timer) {
  midge_dial *dial = timer->data;
  struct sockaddr_storage address = {0};
  if (dial->port == 0) {
    connect_pipe(dial);
    return;
  }
  if (uv_ip4_addr(dial->host, 0, (struct sockaddr_in *)&address) != 0 &&
      uv_ip6_addr(dial->host, 0, (struct sockaddr_in6 *)&address) != 0) {
    look_up(dial);
    return;
  }
  add_address(dial, (const struct sockaddr *)&address);
  race_next(dial);
}

midge_status midge_dial_start(midge_dial **made, midge_client *client,
                              const midge_url *where) {
  midge_dial *dial =
      midge_allocate_zero(&midge_allocator_default, sizeof *dial);
  if (dial == NULL) return MIDGE_ENOMEM;
  dial->reactor = client->reactor;
  dial->client = client;
  dial->port = where->port;
  snprintf(dial->host, sizeof dial->host, "%s", where->host);
  uv_timer_init(&client->reactor->loop, &dial->head_start);
  dial->head_start.data = dial;
  dial->timer_open = true;
  uv_timer_start(&dial->head_start, on_start, 0, 0);
  *made = dial;
  return MIDGE_OK;
}
