#include "reactor/dial.h"

#include <assert.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "reactor/errors.h"
#include "reactor/lookup.h"

enum {
  ADDRESSES_MAX = 16,       /* of a name that are tried */
  HEAD_START_MS = 250,      /* RFC 8305, 5: Connection Attempt Delay */
  KEEPALIVE_S = 60,         /* TCP's own, for peers that vanish */
  PLACE_MAX = 320,          /* a host and a port as text */
  LOCAL_BYTES = 256 * 1024, /* what waits for a server of this machine */
};

typedef union midge_address {
  struct sockaddr any;
  struct sockaddr_in ip4;
  struct sockaddr_in6 ip6;
} midge_address;

/* It lives until its timer has closed. */
struct midge_dial {
  midge_reactor *reactor;
  const midge_dialer *dialer; /* null: cancelled or done */
  void *context;
  midge_asker asker;
  const char *local_address; /* behind the host; empty: any */
  uint16_t port;
  bool nagle, keeps_alive;
  uv_timer_t head_start;
  midge_address addresses[ADDRESSES_MAX];
  size_t count;
  size_t next; /* the next address to try */
  midge_socket *racing[ADDRESSES_MAX];
  size_t racing_count;
  midge_fault fault; /* of the attempts so far */
  size_t size;
  char host[];
};

static void on_timer_closed(uv_handle_t *handle) {
  midge_dial *dial = handle->data;
  midge_free(&midge_allocator_default, dial, dial->size);
}

static void drop_racing(midge_dial *dial) {
  for (size_t i = 0; i < dial->racing_count; i++)
    midge_socket_drop(dial->racing[i]);
  dial->racing_count = 0;
}

void midge_dial_cancel(midge_dial *dial) {
  dial->dialer = NULL;
  drop_racing(dial);
  midge_lookup_leave(&dial->asker);
  uv_close((uv_handle_t *)&dial->head_start, on_timer_closed);
}

static void fail(midge_dial *dial) {
  const midge_dialer *dialer = dial->dialer;
  void *context = dial->context;
  midge_fault fault = dial->fault;
  midge_dial_cancel(dial);
  dialer->failed(context, &fault);
}

static void race_next(midge_dial *dial);

/* The socket is out of the race. */
static void take_out(midge_dial *dial, const midge_socket *socket) {
  size_t at = 0;
  while (dial->racing[at] != socket) at++;
  dial->racing[at] = dial->racing[--dial->racing_count];
}

static void win(midge_dial *dial, midge_socket *socket) {
  const midge_dialer *dialer = dial->dialer;
  void *context = dial->context;
  take_out(dial, socket);
  midge_dial_cancel(dial);
  dialer->dialed(context, socket);
}

static void print_place(const struct sockaddr *address, char *place,
                        size_t size) {
  char name[INET6_ADDRSTRLEN] = "";
  if (address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    char zone[UV_IF_NAMESIZE + 1] = "%";
    size_t room = sizeof zone - 1;
    uv_ip6_name(in6, name, sizeof name);
    bool has_zone = in6->sin6_scope_id != 0 &&
                    uv_if_indextoname(in6->sin6_scope_id, zone + 1, &room) == 0;
    snprintf(place, size, "[%s%s]:%u", name, has_zone ? zone : "",
             ntohs(in6->sin6_port));
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
  midge_fault_of_system(&dial->fault, status, error, "cannot connect to ",
                        place);
}

static void note_fault_of(midge_dial *dial, int error, size_t i) {
  char place[PLACE_MAX];
  print_place(&dial->addresses[i].any, place, sizeof place);
  note_fault(dial, error, place);
}

static void on_connected(void *context, midge_socket *socket, int status) {
  midge_dial *dial = context;
  if (status == 0) {
    win(dial, socket);
    return;
  }
  take_out(dial, socket);
  if (socket->handle.type == UV_NAMED_PIPE)
    note_fault(dial, status, dial->host);
  else
    note_fault_of(dial, status, socket->number);
  midge_socket_drop(socket);
  race_next(dial);
}

static const midge_listener racer = {.connected = on_connected};

/* Whether the local address lets us reach this family. */
static int bind_locally(const midge_dial *dial, midge_socket *socket,
                        int family) {
  const char *text = dial->local_address;
  if (text[0] == '\0') return 0;
  struct sockaddr_storage local = {0};
  int error = family == AF_INET6
                  ? uv_ip6_addr(text, 0, (struct sockaddr_in6 *)&local)
                  : uv_ip4_addr(text, 0, (struct sockaddr_in *)&local);
  if (error != 0) return UV_EADDRNOTAVAIL;
  return uv_tcp_bind(&socket->tcp, (const struct sockaddr *)&local, 0);
}

static bool is_loopback(const midge_address *address) {
  const struct in6_addr *ip6 = &address->ip6.sin6_addr;
  if (address->any.sa_family == AF_INET)
    return ntohl(address->ip4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
  return IN6_IS_ADDR_LOOPBACK(ip6) ||
         (IN6_IS_ADDR_V4MAPPED(ip6) && ip6->s6_addr[12] == IN_LOOPBACKNET);
}

/* Within a machine nothing is on its way for long: more than this only leaves
 * the caches before the server reads it, and then costs both sides several
 * times as much. Far away it is the system that knows what the way holds. */
static void limit_waiting(midge_socket *socket, const midge_address *address) {
  int size = LOCAL_BYTES;
  if (!is_loopback(address)) return;
  (void)uv_send_buffer_size(&socket->handle, &size);
}

static int connect_to(midge_dial *dial, size_t i) {
  midge_socket *socket = midge_socket_new(dial->reactor, false, &racer, dial);
  if (socket == NULL) return UV_ENOMEM;
  const struct sockaddr *address = &dial->addresses[i].any;
  socket->number = (uint32_t)i;
  int error = bind_locally(dial, socket, address->sa_family);
  if (error == 0) error = midge_socket_connect(socket, address);
  if (error != 0) {
    midge_socket_drop(socket);
    return error;
  }
  uv_tcp_nodelay(&socket->tcp, !dial->nagle);
  limit_waiting(socket, &dial->addresses[i]);
  if (dial->keeps_alive) uv_tcp_keepalive(&socket->tcp, 1, KEEPALIVE_S);
  dial->racing[dial->racing_count++] = socket;
  return 0;
}

static void on_head_start(uv_timer_t *timer) {
  midge_dial *dial = timer->data;
  midge_reactor_enter(dial->reactor);
  race_next(dial);
}

static void wait_for_next(midge_dial *dial) {
  if (dial->next == dial->count) return;
  uv_timer_start(&dial->head_start, on_head_start, HEAD_START_MS, 0);
}

/* Start the next address that can be started; without one, and without any
 * under way, the dial has failed. */
static void race_next(midge_dial *dial) {
  uv_timer_stop(&dial->head_start);
  while (dial->next < dial->count) {
    size_t i = dial->next++;
    int error = connect_to(dial, i);
    if (error == 0) {
      wait_for_next(dial);
      return;
    }
    note_fault_of(dial, error, i);
  }
  if (dial->racing_count == 0) fail(dial);
}

static void add_address(midge_dial *dial, const struct sockaddr *from) {
  if (dial->count == ADDRESSES_MAX) return;
  midge_address *to = &dial->addresses[dial->count];
  if (from->sa_family == AF_INET6) {
    memcpy(&to->ip6, from, sizeof to->ip6);
    to->ip6.sin6_port = htons(dial->port);
  } else if (from->sa_family == AF_INET) {
    memcpy(&to->ip4, from, sizeof to->ip4);
    to->ip4.sin_port = htons(dial->port);
  } else {
    return;
  }
  dial->count++;
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

static void fail_lookup(midge_dial *dial, int error) {
  midge_fault_of_system(&dial->fault, MIDGE_ELOOKUP, error, "cannot resolve ",
                        dial->host);
  fail(dial);
}

static void on_found(midge_asker *asker, int error,
                     const struct addrinfo *found) {
  midge_dial *dial =
      (midge_dial *)((char *)asker - offsetof(midge_dial, asker));
  if (error == 0) interleave(dial, found);
  if (dial->count == 0) {
    fail_lookup(dial, error != 0 ? error : UV_EAI_NODATA);
    return;
  }
  race_next(dial);
}

static void look_up(midge_dial *dial) {
  dial->asker.found = on_found;
  int error = midge_lookup_ask(dial->reactor, dial->host, &dial->asker);
  if (error != 0) fail_lookup(dial, error);
}

static void connect_pipe(midge_dial *dial) {
  midge_socket *socket = midge_socket_new(dial->reactor, true, &racer, dial);
  if (socket == NULL) {
    note_fault(dial, UV_ENOMEM, dial->host);
    fail(dial);
    return;
  }
  dial->racing[dial->racing_count++] = socket;
  midge_socket_connect_pipe(socket, dial->host);
}

/* A zone is the name of an interface, which libuv looks up, or its number
 * (RFC 4007, section 11.2). One that this machine does not have would be
 * "invalid argument" later. */
static bool lacks_interface(const midge_dial *dial,
                            struct sockaddr_storage *address) {
  const char *zone = strchr(dial->host, '%');
  if (address->ss_family != AF_INET6 || zone == NULL) return false;
  struct sockaddr_in6 *ip6 = (struct sockaddr_in6 *)address;
  if (ip6->sin6_scope_id != 0) return false;
  char name[UV_IF_NAMESIZE];
  size_t size = sizeof name;
  char *end = NULL;
  unsigned long number = strtoul(zone + 1, &end, 10);
  if (*end != '\0' || number == 0 || number > UINT32_MAX ||
      uv_if_indextoname((unsigned)number, name, &size) != 0)
    return true;
  ip6->sin6_scope_id = (uint32_t)number;
  return false;
}

/* The first step is taken from the loop, so that nothing ends before the call
 * that began it. */
static void on_start(uv_timer_t *timer) {
  midge_dial *dial = timer->data;
  struct sockaddr_storage address = {0};
  midge_reactor_enter(dial->reactor);
  if (dial->port == 0) {
    connect_pipe(dial);
    return;
  }
  if (uv_ip4_addr(dial->host, 0, (struct sockaddr_in *)&address) != 0 &&
      uv_ip6_addr(dial->host, 0, (struct sockaddr_in6 *)&address) != 0) {
    look_up(dial);
    return;
  }
  if (lacks_interface(dial, &address)) {
    midge_fault_of_system(&dial->fault, MIDGE_EERRNO, UV_ENODEV,
                          "no network interface has the zone of ", dial->host);
    fail(dial);
    return;
  }
  add_address(dial, (const struct sockaddr *)&address);
  race_next(dial);
}

/* The strings stand behind the struct. */
static midge_dial *new_dial(const char *host, const char *local_address) {
  size_t host_size = strlen(host) + 1, local_size = strlen(local_address) + 1;
  size_t size = sizeof(midge_dial) + host_size + local_size;
  midge_dial *dial = midge_allocate_zero(&midge_allocator_default, size);
  if (dial == NULL) return NULL;
  dial->size = size;
  memcpy(dial->host, host, host_size);
  memcpy(dial->host + host_size, local_address, local_size);
  dial->local_address = dial->host + host_size;
  return dial;
}

midge_dial *midge_dial_start(midge_reactor *reactor, const midge_place *place,
                             const midge_dialer *dialer, void *context) {
  const char *local = place->local_address != NULL ? place->local_address : "";
  midge_dial *dial = new_dial(place->host, local);
  if (dial == NULL) return NULL;
  dial->reactor = reactor;
  dial->dialer = dialer;
  dial->context = context;
  dial->port = place->port;
  dial->nagle = place->nagle;
  dial->keeps_alive = place->keeps_alive;
  uv_timer_init(&reactor->loop, &dial->head_start);
  dial->head_start.data = dial;
  uv_timer_start(&dial->head_start, on_start, 0, 0);
  return dial;
}
