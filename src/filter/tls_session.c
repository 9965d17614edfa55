#include "filter/tls_session.h"

#include <assert.h>

#include "base/slice.h"

static void forget(midge_tls_session *place) {
  while (place->count != 0) SSL_SESSION_free(place->tickets[--place->count]);
}

void midge_tls_sessions_free(midge_tls_sessions *sessions) {
  for (size_t i = 0; i < MIDGE_TLS_SESSIONS_MAX; i++) {
    forget(&sessions->places[i]);
  }
}

static midge_tls_session *find(midge_tls_sessions *sessions, midge_slice key) {
  for (size_t i = 0; i < MIDGE_TLS_SESSIONS_MAX; i++) {
    midge_tls_session *place = &sessions->places[i];
    if (place->count != 0 &&
        midge_slice_equal(midge_slice_of(place->key, place->key_size), key)) {
      return place;
    }
  }
  return NULL;
}

static midge_tls_session *make_place(midge_tls_sessions *sessions,
                                     midge_slice key) {
  midge_tls_session *place = &sessions->places[sessions->next];
  sessions->next = (sessions->next + 1) % MIDGE_TLS_SESSIONS_MAX;
  forget(place);
  midge_slice_copy(place->key, key);
  place->key_size = key.size;
  return place;
}

void midge_tls_sessions_put(midge_tls_sessions *sessions, midge_slice key,
                            SSL_SESSION *session) {
  assert(key.size <= MIDGE_TLS_SESSION_KEY_MAX);
  midge_tls_session *place = find(sessions, key);
  if (place == NULL) place = make_place(sessions, key);
  if (place->count == MIDGE_TLS_TICKETS_MAX) {
    SSL_SESSION_free(place->tickets[--place->count]);
  }
  memmove(place->tickets + 1, place->tickets,
          place->count * sizeof(place->tickets[0]));
  place->tickets[0] = session;
  place->count++;
}

SSL_SESSION *midge_tls_sessions_take(midge_tls_sessions *sessions,
                                     midge_slice key) {
  midge_tls_session *place = find(sessions, key);
  if (place == NULL) return NULL;
  SSL_SESSION *session = place->tickets[0];
  place->count--;
  memmove(place->tickets, place->tickets + 1,
          place->count * sizeof(place->tickets[0]));
  return session;
}
