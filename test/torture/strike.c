#include "strike.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LASTS_MS = 150 };

/* A thread begins spared, with what the C library or a sanitizer does for it
 * before it is anybody's: see pthread_create. */
static _Thread_local bool is_spared = true;
static atomic_bool is_prepared;
static atomic_uint calls, count;
static unsigned fail_at;
static bool lasts;
static strike_kind kind;
static char *shared_name; /* of the first that failed */
static size_t shared_size;

void strike_prepare(unsigned at, bool lasting) {
  atomic_store(&calls, 0);
  atomic_store(&count, 0);
  fail_at = at;
  lasts = lasting;
  atomic_store(&is_prepared, true);
}

void strike_end(void) {
  atomic_store(&is_prepared, false);
}

unsigned strike_calls(void) {
  return atomic_load(&calls);
}
unsigned strike_count(void) {
  return atomic_load(&count);
}
bool strike_spare(bool spared) {
  bool before = is_spared;
  is_spared = spared;
  return before;
}

void strike_choose(strike_kind chosen) {
  kind = chosen;
}

static bool strike_next(const char *name) {
  if (is_spared || !atomic_load(&is_prepared)) return false;
  unsigned call = atomic_fetch_add(&calls, 1) + 1;
  if (fail_at == 0 || call < fail_at || (call > fail_at && !lasts))
    return false;
  if (atomic_fetch_add(&count, 1) == 0 && shared_name != NULL)
    strncpy(shared_name, name, shared_size - 1);
  return true;
}

bool strike(const char *name) {
  return kind == STRIKE_ALL && strike_next(name);
}

int strike_file(const char *name, int error, unsigned kinds) {
  static const int errors[STRIKE_KINDS] = {[STRIKE_EIO] = EIO,
                                           [STRIKE_FULL] = ENOSPC,
                                           [STRIKE_READ_ONLY] = EROFS,
                                           [STRIKE_SHORT] = STRUCK_SHORT,
                                           [STRIKE_DONE] = STRUCK_DONE};
  if (kind == STRIKE_ALL) return strike(name) ? error : 0;
  return (kinds >> kind & 1) != 0 && strike_next(name) ? errors[kind] : 0;
}

void strike_share_name(char *to, size_t size) {
  shared_name = to;
  shared_size = size;
}

static void *heal_later(void *context) {
  (void)context;
  while (atomic_load(&count) == 0) usleep(1000);
  usleep(LASTS_MS * 1000);
  strike_end();
  return NULL;
}

void strike_heal_later(void) {
  pthread_t thread;
  if (pthread_create(&thread, NULL, heal_later, NULL) != 0) abort();
  pthread_detach(thread);
}
