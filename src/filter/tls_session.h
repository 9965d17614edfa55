/* Sessions to resume, a few of them, each bound to the very server and name it
 * was made with: a ticket is never shown to another. */
#ifndef MIDGE_FILTER_TLS_SESSION_H
#define MIDGE_FILTER_TLS_SESSION_H

#include <openssl/ssl.h>

#include "midge/types.h"

enum {
  MIDGE_TLS_SESSIONS_MAX = 8,
  MIDGE_TLS_TICKETS_MAX = 2, /* as many as servers give at a time */
  MIDGE_TLS_SESSION_KEY_MAX = 3 * 256 + 8,
};

typedef struct midge_tls_session {
  SSL_SESSION *tickets[MIDGE_TLS_TICKETS_MAX]; /* the newest first */
  size_t count;                                /* 0: a free place */
  uint8_t key[MIDGE_TLS_SESSION_KEY_MAX];
  size_t key_size;
} midge_tls_session;

typedef struct midge_tls_sessions {
  midge_tls_session places[MIDGE_TLS_SESSIONS_MAX];
  size_t next; /* the place that is given up when all are taken */
} midge_tls_sessions;

void midge_tls_sessions_free(midge_tls_sessions *sessions);
/* Takes the reference over; the newest of a key are kept. */
void midge_tls_sessions_put(midge_tls_sessions *sessions, midge_slice key,
                            SSL_SESSION *session);
/* The newest; null if there is none. What is given out is forgotten here: a
 * ticket of TLS 1.3 is good for one use (RFC 8446, C.4). */
SSL_SESSION *midge_tls_sessions_take(midge_tls_sessions *sessions,
                                     midge_slice key);

#endif
