#include "filter/stack.h"

#include <assert.h>

enum { SLICES_AT_ONCE = 8 };

void midge_stack_init(midge_stack *stack) {
  *stack = (midge_stack){.count = 0};
}

void midge_stack_push(midge_stack *stack, midge_filter *filter) {
  assert(stack->count < MIDGE_STACK_FILTERS_MAX);
  stack->filters[stack->count++] = filter;
}

void midge_stack_free(midge_stack *stack) {
  for (size_t i = 0; i < stack->count; i++)
    midge_filter_free(stack->filters[i]);
  midge_stack_init(stack);
}

static midge_filter *top(const midge_stack *stack) {
  assert(stack->count != 0);
  return stack->filters[stack->count - 1];
}

static bool is_over(const midge_filter *filter) {
  midge_filter_state state = midge_filter_state_of(filter);
  return state == MIDGE_FILTER_CLOSED || state == MIDGE_FILTER_FAILED;
}

/* From `low` to the filter above it; whether anything moved. */
static bool move_up(midge_filter *low, midge_filter *high) {
  bool moved = false;
  midge_slice bytes;
  while (midge_filter_input(low, &bytes)) {
    size_t size = midge_filter_received(high, bytes);
    if (size == 0) break;
    midge_filter_taken(low, size);
    moved = true;
  }
  return moved;
}

/* A lower filter that is over has nowhere to send to: what is for it goes. */
static size_t give_down(midge_filter *low, const midge_slice *slices,
                        size_t count) {
  if (!is_over(low)) return midge_filter_write(low, slices, count);
  size_t size = 0;
  for (size_t i = 0; i < count; i++) size += slices[i].size;
  return size;
}

static bool move_down(midge_filter *high, midge_filter *low) {
  bool moved = false;
  if (midge_filter_state_of(low) == MIDGE_FILTER_OPENING) return false;
  for (;;) {
    midge_slice slices[SLICES_AT_ONCE];
    size_t count = midge_filter_output(high, slices, SLICES_AT_ONCE);
    if (count == 0) break;
    size_t size = give_down(low, slices, count);
    if (size == 0) break;
    midge_filter_sent(high, size);
    moved = true;
  }
  return moved;
}

/* A goodbye goes down when all from above it went. */
static bool say_goodbye(midge_stack *stack) {
  if (!stack->closing || stack->said == stack->count) return false;
  if (stack->said != 0) {
    midge_slice slice;
    size_t above = stack->count - stack->said;
    if (midge_filter_output(stack->filters[above], &slice, 1) != 0 &&
        midge_filter_state_of(stack->filters[above - 1]) == MIDGE_FILTER_OPEN) {
      return false;
    }
  }
  stack->said++;
  midge_filter_close(stack->filters[stack->count - stack->said]);
  return true;
}

/* A clean end is passed on to the filter above, once it has all the bytes. */
static bool pass_end(midge_stack *stack) {
  if (stack->told == 0 || stack->told >= stack->count) return false;
  midge_filter *below = stack->filters[stack->told - 1];
  midge_slice bytes;
  if (midge_filter_state_of(below) != MIDGE_FILTER_CLOSED ||
      midge_filter_input(below, &bytes)) {
    return false;
  }
  midge_filter_ended(stack->filters[stack->told]);
  stack->told++;
  return true;
}

/* The end of all is that of the highest filter which has ended, except that a
 * clean end of one that is not the top is still to be passed on. */
static void find_end(midge_stack *stack) {
  for (size_t i = stack->count; i-- > 0 && stack->ending == NULL;) {
    midge_filter *filter = stack->filters[i];
    midge_filter_state state = midge_filter_state_of(filter);
    if (state == MIDGE_FILTER_FAILED ||
        (state == MIDGE_FILTER_CLOSED && i == stack->count - 1)) {
      stack->ending = filter;
    }
  }
}

/* A filter can also be closed by the other side while the stream under it
 * lasts: it is told to the next as if the stream had ended. */
static void notice_ends(midge_stack *stack) {
  for (size_t i = stack->told; i < stack->count; i++) {
    if (midge_filter_state_of(stack->filters[i]) == MIDGE_FILTER_CLOSED) {
      stack->told = i + 1;
    }
  }
}

/* Until nothing moves. It ends: every move takes bytes out of a bounded queue
 * towards one end of the stack. */
static void move(midge_stack *stack) {
  bool moved;
  do {
    moved = false;
    for (size_t i = 0; i + 1 < stack->count; i++) {
      moved |= move_up(stack->filters[i], stack->filters[i + 1]);
    }
    notice_ends(stack);
    moved |= pass_end(stack);
    for (size_t i = stack->count; i-- > 1;) {
      moved |= move_down(stack->filters[i], stack->filters[i - 1]);
    }
    moved |= say_goodbye(stack);
  } while (moved);
  find_end(stack);
}

size_t midge_stack_received(midge_stack *stack, midge_slice bytes) {
  size_t taken = 0;
  while (taken < bytes.size) {
    midge_slice rest = {bytes.data + taken, bytes.size - taken};
    size_t size = midge_filter_received(stack->filters[0], rest);
    taken += size;
    move(stack);
    if (size == 0) break;
  }
  return taken;
}

void midge_stack_ended(midge_stack *stack) {
  midge_filter_ended(stack->filters[0]);
  if (stack->told == 0) stack->told = 1;
  move(stack);
}

size_t midge_stack_write(midge_stack *stack, const midge_slice *slices,
                         size_t count) {
  if (midge_stack_state(stack) != MIDGE_FILTER_OPEN) return 0;
  size_t size = midge_filter_write(top(stack), slices, count);
  move(stack);
  return size;
}

void midge_stack_close(midge_stack *stack) {
  stack->closing = true;
  if (stack->count != 0) move(stack);
}

size_t midge_stack_output(midge_stack *stack, midge_slice *slices,
                          size_t count) {
  move(stack);
  return midge_filter_output(stack->filters[0], slices, count);
}

void midge_stack_sent(midge_stack *stack, size_t size) {
  midge_filter_sent(stack->filters[0], size);
  move(stack);
}

bool midge_stack_input(midge_stack *stack, midge_slice *bytes) {
  return midge_filter_input(top(stack), bytes);
}

void midge_stack_taken(midge_stack *stack, size_t size) {
  midge_filter_taken(top(stack), size);
  move(stack);
}

midge_filter_state midge_stack_state(const midge_stack *stack) {
  if (stack->ending != NULL) return midge_filter_state_of(stack->ending);
  for (size_t i = 0; i < stack->count; i++) {
    midge_filter_state state = midge_filter_state_of(stack->filters[i]);
    if (state == MIDGE_FILTER_OPENING) return state;
  }
  return MIDGE_FILTER_OPEN;
}

midge_filter_error midge_stack_error(const midge_stack *stack) {
  if (stack->ending != NULL) return midge_filter_error_of(stack->ending);
  return midge_filter_error_of(top(stack));
}
