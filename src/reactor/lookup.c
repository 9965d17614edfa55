#include "reactor/lookup.h"

#include <netdb.h>

#include "base/slice.h"

/* A request is shared while it is this young. An old one may be stuck, and a
 * new one have its answer at once. */
enum {
  SHARED_MS = 1000,
  SEARCHED_MAX = 64, /* requests that are looked at for a name */
};

/* It lives until the system has come back with it. */
struct midge_lookup {
  midge_reactor *reactor;
  midge_lookup *next, *previous; /* of those that can be joined */
  midge_asker *askers;
  uint64_t begun; /* by the loop's clock */
  bool is_listed;
  bool is_stopped; /* its end is on the way */
  uv_getaddrinfo_t request;
  size_t size;
  char host[];
};

static void list(midge_lookup *lookup) {
  midge_reactor *reactor = lookup->reactor;
  lookup->next = reactor->asked;
  if (lookup->next != NULL) lookup->next->previous = lookup;
  reactor->asked = lookup;
  lookup->is_listed = true;
}

static void unlist(midge_lookup *lookup) {
  if (!lookup->is_listed) return;
  if (lookup->next != NULL) lookup->next->previous = lookup->previous;
  if (lookup->previous != NULL)
    lookup->previous->next = lookup->next;
  else
    lookup->reactor->asked = lookup->next;
  lookup->is_listed = false;
}

static void add_asker(midge_lookup *lookup, midge_asker *asker) {
  asker->lookup = lookup;
  asker->previous = NULL;
  asker->next = lookup->askers;
  if (asker->next != NULL) asker->next->previous = asker;
  lookup->askers = asker;
}

static void remove_asker(midge_asker *asker) {
  if (asker->next != NULL) asker->next->previous = asker->previous;
  if (asker->previous != NULL)
    asker->previous->next = asker->next;
  else
    asker->lookup->askers = asker->next;
  asker->lookup = NULL;
}

/* Who is told may leave, take others along, and ask again. */
static void on_found(uv_getaddrinfo_t *request, int status,
                     struct addrinfo *found) {
  midge_lookup *lookup = request->data;
  midge_reactor *reactor = lookup->reactor;
  midge_reactor_enter(reactor);
  if (lookup->askers == NULL) {
    if (lookup->is_stopped)
      reactor->cancelled--;
    else
      reactor->lookups--;
  }
  unlist(lookup);
  while (lookup->askers != NULL) {
    midge_asker *asker = lookup->askers;
    remove_asker(asker);
    asker->found(asker, status, found);
  }
  uv_freeaddrinfo(found);
  midge_free(&midge_allocator_default, lookup, lookup->size);
}

static midge_lookup *find(const midge_reactor *reactor, const char *host) {
  uint64_t now = uv_now(&reactor->loop);
  midge_lookup *lookup = reactor->asked;
  for (int i = 0; lookup != NULL && i < SEARCHED_MAX; i++) {
    bool is_young = now - lookup->begun <= SHARED_MS;
    if (is_young && strcmp(lookup->host, host) == 0) return lookup;
    lookup = lookup->next;
  }
  return NULL;
}

/* The reactor's allocator may be gone before a lookup that is stuck. */
static int begin(midge_reactor *reactor, const char *host,
                 midge_lookup **begun) {
  struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
  size_t size = sizeof **begun + strlen(host) + 1;
  midge_lookup *lookup = midge_allocate_zero(&midge_allocator_default, size);
  if (lookup == NULL) return UV_ENOMEM;
  lookup->reactor = reactor;
  lookup->size = size;
  lookup->begun = uv_now(&reactor->loop);
  lookup->request.data = lookup;
  memcpy(lookup->host, host, strlen(host) + 1);
  int error = uv_getaddrinfo(&reactor->loop, &lookup->request, on_found,
                             lookup->host, NULL, &hints);
  if (error != 0) {
    midge_free(&midge_allocator_default, lookup, size);
    return error;
  }
  list(lookup);
  *begun = lookup;
  return 0;
}

int midge_lookup_ask(midge_reactor *reactor, const char *host,
                     midge_asker *asker) {
  midge_lookup *lookup = find(reactor, host);
  if (lookup == NULL) {
    int error = begin(reactor, host, &lookup);
    if (error != 0) return error;
  }
  add_asker(lookup, asker);
  return 0;
}

void midge_lookup_leave(midge_asker *asker) {
  midge_lookup *lookup = asker->lookup;
  if (lookup == NULL) return;
  remove_asker(asker);
  /* Who is told just now has been unlisted, with all that asked with it. */
  if (lookup->askers != NULL || !lookup->is_listed) return;
  unlist(lookup);
  lookup->is_stopped = uv_cancel((uv_req_t *)&lookup->request) == 0;
  if (lookup->is_stopped)
    lookup->reactor->cancelled++;
  else
    lookup->reactor->lookups++;
}
