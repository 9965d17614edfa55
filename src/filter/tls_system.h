/* The authorities of the system, for those who name none of their own. */
#ifndef MIDGE_FILTER_TLS_SYSTEM_H
#define MIDGE_FILTER_TLS_SYSTEM_H

#include <openssl/x509_vfy.h>

#include "filter/text.h"

/* Adds where the system that begins at `root`, "" for the real one, has its
 * authorities in one file, or in a folder by their hashes. False, and nothing
 * is added: nowhere that can be read. */
MIDGE_CHECKED bool midge_tls_find_file(const char *root, midge_text *path);
MIDGE_CHECKED bool midge_tls_find_folder(const char *root, midge_text *path);

/* Whether there is any of the two, or the environment names a place. */
MIDGE_CHECKED bool midge_tls_has_trust_below(const char *root);

/* Read when a handshake first needs them, and then shared by all; null when
 * memory runs out. Any thread may ask. */
X509_STORE *midge_tls_system_trust(void);

/* Adds the same to a store of somebody's own. False: memory ran out. */
MIDGE_CHECKED bool midge_tls_add_system_trust(X509_STORE *store);

#endif
