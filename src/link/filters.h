/* The filters that a URL asks for: proxy, TLS, WebSocket. */
#ifndef MIDGE_LINK_FILTERS_H
#define MIDGE_LINK_FILTERS_H

#include "filter/stack.h"
#include "filter/tls.h"
#include "link/fault.h"
#include "link/headers.h"
#include "link/url.h"

/* What they are made with. */
typedef struct midge_way {
  const midge_allocator *allocator;
  const midge_url *url;
  const midge_url *proxy; /* null: none */
  midge_tls_context *tls; /* null: none was needed */
  const midge_headers *headers;
  midge_version version;
  bool is_bare; /* the program carries the bytes, and what is around them */
} midge_way;

/* Push them onto an empty stack; on failure `fault` says why, and the stack
 * is to be freed all the same. */
MIDGE_CHECKED midge_status midge_filters_push(const midge_way *way,
                                              midge_stack *stack,
                                              midge_fault *fault);

#endif
