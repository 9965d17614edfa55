/* Filters on top of each other, used like one.
 *
 *     the session
 *     [ WebSocket ]   pushed last
 *     [    TLS    ]
 *     [   proxy   ]   pushed first
 *     the socket
 *
 * A filter begins when the one below it is OPEN. The stack is OPEN when all
 * are, and CLOSED or FAILED when the first of them is. An empty stack passes
 * nothing: a plain connection needs none. */
#ifndef MIDGE_FILTER_STACK_H
#define MIDGE_FILTER_STACK_H

#include "filter/filter.h"

enum { MIDGE_STACK_FILTERS_MAX = 3 };

typedef struct midge_stack {
  midge_filter *filters[MIDGE_STACK_FILTERS_MAX]; /* the lowest first */
  size_t count;
  bool closing;         /* a goodbye was wished */
  size_t said;          /* filters, from the top, that have said theirs */
  size_t told;          /* filters, from the bottom, told of the end below */
  midge_filter *ending; /* the filter whose end is the end of all; or null */
} midge_stack;

/* Empty; nothing to free. */
void midge_stack_init(midge_stack *stack);
/* The filter belongs to the stack now. Before the first fact. */
void midge_stack_push(midge_stack *stack, midge_filter *filter);
/* Frees the filters; the stack is empty again. */
void midge_stack_free(midge_stack *stack);

/* As the functions of a filter. Each moves what can be moved between the
 * filters before it returns. */
MIDGE_CHECKED size_t midge_stack_received(midge_stack *stack,
                                          midge_slice bytes);
void midge_stack_ended(midge_stack *stack);
MIDGE_CHECKED size_t midge_stack_write(midge_stack *stack,
                                       const midge_slice *slices, size_t count);
/* The goodbye of the highest filter, then of the next one down. */
void midge_stack_close(midge_stack *stack);
MIDGE_CHECKED size_t midge_stack_output(midge_stack *stack, midge_slice *slices,
                                        size_t count);
void midge_stack_sent(midge_stack *stack, size_t size);
MIDGE_CHECKED bool midge_stack_input(midge_stack *stack, midge_slice *bytes);
void midge_stack_taken(midge_stack *stack, size_t size);
midge_filter_state midge_stack_state(const midge_stack *stack);
midge_filter_error midge_stack_error(const midge_stack *stack);

#endif
