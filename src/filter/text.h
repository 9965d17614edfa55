/* Sentences for people, put together in a fixed room and cut when they do not
 * fit. What others sent is made printable on the way. */
#ifndef MIDGE_FILTER_TEXT_H
#define MIDGE_FILTER_TEXT_H

#include "midge/types.h"

typedef struct midge_text {
  char *to; /* null when nobody wants the text; else always terminated */
  size_t room;
  size_t size; /* without the terminator */
} midge_text;

/* Empty; `to` may be null. */
midge_text midge_text_in(char *to, size_t room);

void midge_text_add(midge_text *text, const char *words);
/* Bytes that somebody else chose: control characters become question marks,
 * and no more than 120 bytes of it are shown. */
void midge_text_quote(midge_text *text, midge_slice bytes);
void midge_text_number(midge_text *text, unsigned number);

#endif
