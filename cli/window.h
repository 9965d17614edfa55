/* Messages that were published and have no outcome yet. So many are enough to
 * keep a server busy; more would fill our memory. Zero is none. */
#ifndef MIDGE_CLI_WINDOW_H
#define MIDGE_CLI_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

typedef struct cli_window {
  size_t count, bytes;
} cli_window;

enum { WINDOW_MESSAGES_MAX = 10000, WINDOW_BYTES_MAX = 16 << 20 };

static inline bool window_is_full(const cli_window *window) {
  return window->count >= WINDOW_MESSAGES_MAX ||
         window->bytes >= WINDOW_BYTES_MAX;
}

static inline void window_add(cli_window *window, size_t bytes) {
  window->count++;
  window->bytes += bytes;
}

/* An outcome does not say how large its message was. */
static inline void window_remove(cli_window *window) {
  window->count--;
  if (window->count == 0) window->bytes = 0;
}

#endif
