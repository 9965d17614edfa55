/* What stands between a client's session and its socket. */
#ifndef MIDGE_LINK_FILTERS_H
#define MIDGE_LINK_FILTERS_H

#include "filter/stack.h"
#include "reactor/client.h"

/* Push the filters that the client's URL, proxy and options ask for. Not
 * MIDGE_OK: `fault` says why, and the stack is to be freed. */
MIDGE_CHECKED midge_status midge_filters_push(midge_client *client,
                                              midge_stack *stack,
                                              midge_fault *fault);

#endif
