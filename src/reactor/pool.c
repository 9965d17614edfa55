#include "reactor/pool.h"

#include <assert.h>
#include <string.h>
#include <uv.h>

enum {
  SMALLEST = 4096,             /* what is smaller is the system's business */
  LARGEST = 1024 * 1024,       /* and what is larger */
  STEPS = 4,                   /* sizes from one power of two to the next */
  SIZES = 8 * STEPS + 1,       /* from the smallest to the largest */
  KEPT_MAX = 16 * 1024 * 1024, /* bytes */
};

typedef struct block {
  struct block *next;
} block;

struct midge_pool {
  uv_mutex_t mutex;
  block *kept[SIZES];
  size_t kept_bytes;
  size_t given; /* blocks that have not come back */
  bool is_released;
};

/* The size that fits `size`: by its index, and in bytes. */
static size_t fit(size_t size, size_t *bytes) {
  size_t power = SMALLEST, index = 0;
  while (power * 2 < size) {
    power *= 2;
    index += STEPS;
  }
  size_t step = power / STEPS, room = power;
  while (room < size) {
    room += step;
    index++;
  }
  *bytes = room;
  return index;
}

static bool is_pooled(size_t size) {
  return size >= SMALLEST && size <= LARGEST;
}

static void *take(midge_pool *pool, size_t size) {
  size_t bytes, index = fit(size, &bytes);
  assert(index < SIZES);
  uv_mutex_lock(&pool->mutex);
  block *kept = pool->kept[index];
  if (kept != NULL) {
    pool->kept[index] = kept->next;
    pool->kept_bytes -= bytes;
  }
  pool->given++;
  uv_mutex_unlock(&pool->mutex);
  if (kept != NULL) return kept;

  void *made = midge_allocate(&midge_allocator_default, bytes);
  if (made != NULL) return made;
  uv_mutex_lock(&pool->mutex);
  pool->given--;
  uv_mutex_unlock(&pool->mutex);
  return NULL;
}

static void free_pool(midge_pool *pool) {
  for (size_t i = 0; i < SIZES; i++) {
    while (pool->kept[i] != NULL) {
      block *first = pool->kept[i];
      pool->kept[i] = first->next;
      midge_free(&midge_allocator_default, first, 0);
    }
  }
  uv_mutex_destroy(&pool->mutex);
  midge_free(&midge_allocator_default, pool, sizeof *pool);
}

static void give_back(midge_pool *pool, void *given, size_t size) {
  size_t bytes, index = fit(size, &bytes);
  uv_mutex_lock(&pool->mutex);
  pool->given--;
  bool keeps = !pool->is_released && pool->kept_bytes + bytes <= KEPT_MAX;
  if (keeps) {
    block *first = given;
    first->next = pool->kept[index];
    pool->kept[index] = first;
    pool->kept_bytes += bytes;
  }
  bool is_last = pool->is_released && pool->given == 0;
  uv_mutex_unlock(&pool->mutex);
  if (!keeps) midge_free(&midge_allocator_default, given, bytes);
  if (is_last) free_pool(pool);
}

static void *move(midge_pool *pool, void *from, size_t old_size,
                  size_t new_size) {
  size_t old_bytes, new_bytes;
  if (is_pooled(old_size) && is_pooled(new_size) &&
      fit(old_size, &old_bytes) == fit(new_size, &new_bytes))
    return from;
  void *to = is_pooled(new_size)
                 ? take(pool, new_size)
                 : midge_allocate(&midge_allocator_default, new_size);
  if (to == NULL) return NULL;
  memcpy(to, from, old_size < new_size ? old_size : new_size);
  if (is_pooled(old_size))
    give_back(pool, from, old_size);
  else
    midge_free(&midge_allocator_default, from, old_size);
  return to;
}

static void *resize(void *context, void *from, size_t old_size,
                    size_t new_size) {
  midge_pool *pool = context;
  if (!is_pooled(old_size) && !is_pooled(new_size))
    return midge_allocator_default.resize(NULL, from, old_size, new_size);
  if (from == NULL) return take(pool, new_size);
  if (new_size != 0) return move(pool, from, old_size, new_size);
  give_back(pool, from, old_size);
  return NULL;
}

midge_pool *midge_pool_new(void) {
  midge_pool *pool =
      midge_allocate_zero(&midge_allocator_default, sizeof *pool);
  if (pool == NULL) return NULL;
  if (uv_mutex_init(&pool->mutex) == 0) return pool;
  midge_free(&midge_allocator_default, pool, sizeof *pool);
  return NULL;
}

void midge_pool_release(midge_pool *pool) {
  if (pool == NULL) return;
  uv_mutex_lock(&pool->mutex);
  pool->is_released = true;
  bool is_last = pool->given == 0;
  uv_mutex_unlock(&pool->mutex);
  if (is_last) free_pool(pool);
}

midge_allocator midge_pool_allocator(midge_pool *pool) {
  return (midge_allocator){resize, pool};
}

size_t midge_pool_kept(midge_pool *pool) {
  uv_mutex_lock(&pool->mutex);
  size_t kept = pool->kept_bytes;
  uv_mutex_unlock(&pool->mutex);
  return kept;
}
