/* The head of an HTTP/1 response, collected from any cuts: the status line and
 * the header fields (RFC 9112, 2 to 5). Strict: lines end in CR LF, no folded
 * lines, no control characters, a limit on the whole. */
#ifndef MIDGE_FILTER_HTTP_HEAD_H
#define MIDGE_FILTER_HTTP_HEAD_H

#include "filter/pipe.h"

enum { MIDGE_HTTP_HEAD_MAX = 16 * 1024 };

typedef enum midge_http_progress {
  MIDGE_HTTP_MORE,      /* the head is not complete */
  MIDGE_HTTP_DONE,      /* it is, and well formed */
  MIDGE_HTTP_NOT_HTTP,  /* the first bytes are not those of HTTP/1 */
  MIDGE_HTTP_MALFORMED, /* no status, or a line that is no header field */
  MIDGE_HTTP_TOO_LARGE,
  MIDGE_HTTP_NO_MEMORY,
} midge_http_progress;

typedef struct midge_http_head {
  midge_pipe bytes;
  size_t matched; /* of the CR LF CR LF that ends the head */
  size_t fields;  /* where the header fields begin */
  unsigned minor; /* of HTTP/1.minor */
  unsigned status;
  midge_slice reason; /* of the status, for people */
} midge_http_head;

void midge_http_head_init(midge_http_head *head,
                          const midge_allocator *allocator);
void midge_http_head_free(midge_http_head *head);

/* `taken`: how many of the bytes belong to the head. */
midge_http_progress midge_http_head_received(midge_http_head *head,
                                             midge_slice bytes, size_t *taken);

/* How many fields have this name, whatever its case; the last one's value
 * goes to `value`. When DONE. */
size_t midge_http_head_find(const midge_http_head *head, const char *name,
                            midge_slice *value);

/* ASCII without regard to case. */
bool midge_http_is_text(midge_slice slice, const char *text);
/* Whether one of the comma-separated words of `list` is `word`. */
bool midge_http_has_word(midge_slice list, const char *word);

#endif
