/* Where a client may connect to: the servers it was given, in turn, and where
 * one of them sends it (MQTT 5, section 4.11). */
#ifndef MIDGE_LINK_PLACES_H
#define MIDGE_LINK_PLACES_H

#include "link/redirect.h"

typedef struct midge_places {
  const midge_allocator *allocator;
  midge_url *list; /* the servers */
  size_t count;
  size_t at;    /* the one whose turn it is */
  size_t tried; /* in a row that did not accept us */
  midge_redirect redirect;
} midge_places;

/* `first` and then the others. MIDGE_EINVAL with a sentence for people in
 * `text` (may be null), MIDGE_ENOMEM; to be freed in any case. */
MIDGE_CHECKED midge_status midge_places_init(
    midge_places *places, const midge_allocator *allocator, midge_slice first,
    const midge_slice *others, size_t count, char *text, size_t text_size);
/* Zeroed is fine. */
void midge_places_free(midge_places *places);

/* `url` takes the place of the present server, and belongs to us. */
void midge_places_replace(midge_places *places, midge_url url);
/* The server accepted us. */
void midge_places_accepted(midge_places *places);
/* The link to it lasted: where it sent us was no circle. */
void midge_places_settled(midge_places *places);
/* Another beginning: every server gets its turn. */
void midge_places_begin(midge_places *places);

/* Whether `closed` sends us to another server, and we follow. */
bool midge_places_follow(midge_places *places, const midge_event *closed);
/* The server failed or went away: back to where we were told to go, and if it
 * did not accept us, to the next. True if that was not tried yet. */
bool midge_places_next(midge_places *places, bool accepted);

const midge_url *midge_places_current(const midge_places *places);
/* Whether any of them needs TLS. */
bool midge_places_need_tls(const midge_places *places);

#endif
