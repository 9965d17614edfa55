#include "link/redirect.h"

#include "base/slice.h"

enum { SOURCE_MAX = 1024 }; /* of the URL that a reference makes */

static const char *const prefixes[] = {
    [MIDGE_SCHEME_MQTT] = "mqtt://",
    [MIDGE_SCHEME_MQTTS] = "mqtts://",
    [MIDGE_SCHEME_WS] = "ws://",
    [MIDGE_SCHEME_WSS] = "wss://",
};

/* The first of the servers that the reference lists. */
static midge_slice first_of(midge_slice reference) {
  size_t size = 0;
  while (size < reference.size && reference.data[size] != ' ') size++;
  return midge_slice_of(reference.data, size);
}

/* The same scheme and path at another server. A reference is a host and a
 * port, and nothing that could change what is spoken there. */
static midge_status parse(midge_url *to, const midge_url *from,
                          midge_slice reference) {
  uint8_t source[SOURCE_MAX];
  const char *prefix = prefixes[from->scheme];
  size_t size = strlen(prefix) + reference.size + from->path.size;
  if (reference.size == 0 || size > sizeof source) return MIDGE_EINVAL;
  for (size_t i = 0; i < reference.size; i++)
    if (strchr("/?#@%", reference.data[i]) != NULL) return MIDGE_EINVAL;

  uint8_t *end = midge_slice_copy(source, midge_slice_text(prefix));
  end = midge_slice_copy(end, reference);
  midge_slice_copy(end, from->path);
  return midge_url_parse(to, from->allocator, midge_slice_of(source, size),
                         MIDGE_URL_SERVER, NULL, 0);
}

static bool sends_elsewhere(const midge_event *closed) {
  return closed->closed.by == MIDGE_SIDE_SERVER &&
         (closed->closed.reason == MIDGE_REASON_USE_ANOTHER_SERVER ||
          closed->closed.reason == MIDGE_REASON_SERVER_MOVED);
}

/* `url` is home, and another's place from here on. */
static bool remember_home(midge_redirect *redirect, midge_url *url) {
  redirect->home = midge_allocate(url->allocator, sizeof *redirect->home);
  if (redirect->home == NULL) return false;
  *redirect->home = *url;
  *url = (midge_url){0};
  return true;
}

bool midge_redirect_follow(midge_redirect *redirect, midge_url *url,
                           const midge_event *closed) {
  midge_url there;
  midge_property reference;
  if (redirect->count >= redirect->most || !sends_elsewhere(closed))
    return false;
  if (url->scheme > MIDGE_SCHEME_WSS) return false;
  if (!midge_property_find(closed->properties, MIDGE_SERVER_REFERENCE,
                           &reference))
    return false;
  midge_status status = parse(&there, url, first_of(reference.value));
  /* We come again, and are told again. */
  if (status == MIDGE_ENOMEM) return true;
  if (status != MIDGE_OK) return false;

  bool moved = closed->closed.reason == MIDGE_REASON_SERVER_MOVED;
  if (!moved && redirect->home == NULL && !remember_home(redirect, url)) {
    midge_url_free(&there);
    return true;
  }
  redirect->count++;
  if (moved) midge_redirect_free(redirect);
  midge_url_free(url);
  *url = there;
  return true;
}

void midge_redirect_return(midge_redirect *redirect, midge_url *url) {
  midge_url *home = redirect->home;
  if (home == NULL) return;
  midge_url_free(url);
  *url = *home;
  redirect->home = NULL;
  midge_free(url->allocator, home, sizeof *home);
}

void midge_redirect_settled(midge_redirect *redirect) {
  redirect->count = 0;
}

void midge_redirect_free(midge_redirect *redirect) {
  midge_url *home = redirect->home;
  if (home == NULL) return;
  const midge_allocator *allocator = home->allocator;
  midge_url_free(home);
  midge_free(allocator, home, sizeof *home);
  redirect->home = NULL;
}
