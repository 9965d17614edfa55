#include "reactor/pool.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>
#include <uv.h>

enum {
  SMALLEST = 4096,             /* what is smaller is the system's business */
  LARGEST = 32 * 1024 * 1024,  /* and what is larger */
  STEPS = 4,                   /* sizes from one power of two to the next */
  SIZES = 13 * STEPS + 1,      /* from the smallest to the largest */
  KEPT_MAX = 64 * 1024 * 1024, /* bytes */
};

typedef struct block {
  struct block *next;
} block;

/* Blocks of one size. */
typedef struct shelf {
  block *first;
  size_t bytes; /* of each */
  size_t count;
  size_t least; /* that there were since the last sweep: nobody needed them */
} shelf;

struct midge_pool {
  uv_mutex_t mutex;
  shelf shelves[SIZES];
  atomic_size_t kept_bytes; /* written with the mutex alone */
  size_t given;             /* blocks that have not come back */
  bool is_released;
};

/* The shelf of blocks that fit `size`, and what each has in bytes. */
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

/* With the mutex, as the next two. */
static void set_kept(midge_pool *pool, size_t bytes) {
  atomic_store_explicit(&pool->kept_bytes, bytes, memory_order_relaxed);
}

/* Null when there is none. */
static void *unshelve(midge_pool *pool, shelf *from) {
  block *first = from->first;
  if (first == NULL) return NULL;
  from->first = first->next;
  from->count--;
  if (from->count < from->least) from->least = from->count;
  set_kept(pool, midge_pool_kept(pool) - from->bytes);
  return first;
}

static void shelve(midge_pool *pool, size_t index, size_t bytes, void *given) {
  shelf *to = &pool->shelves[index];
  block *first = given;
  first->next = to->first;
  to->first = first;
  to->bytes = bytes;
  to->count++;
  set_kept(pool, midge_pool_kept(pool) + bytes);
}

/* One that is kept and fits; null: none. */
static void *take_kept(midge_pool *pool, size_t size) {
  size_t bytes, index = fit(size, &bytes);
  assert(index < SIZES);
  uv_mutex_lock(&pool->mutex);
  void *kept = unshelve(pool, &pool->shelves[index]);
  if (kept != NULL) pool->given++;
  uv_mutex_unlock(&pool->mutex);
  return kept;
}

static void free_blocks(block *first) {
  while (first != NULL) {
    block *next = first->next;
    midge_free(&midge_allocator_default, first, 0);
    first = next;
  }
}

static void free_pool(midge_pool *pool) {
  for (size_t i = 0; i < SIZES; i++) free_blocks(pool->shelves[i].first);
  uv_mutex_destroy(&pool->mutex);
  midge_free(&midge_allocator_default, pool, sizeof *pool);
}

/* As many more or fewer blocks are given. */
static void count_given(midge_pool *pool, int more) {
  uv_mutex_lock(&pool->mutex);
  pool->given += (size_t)more;
  bool is_last = pool->is_released && pool->given == 0;
  uv_mutex_unlock(&pool->mutex);
  if (is_last) free_pool(pool);
}

static void give_back(midge_pool *pool, void *given, size_t size) {
  size_t bytes, index = fit(size, &bytes);
  uv_mutex_lock(&pool->mutex);
  pool->given--;
  bool keeps = !pool->is_released && midge_pool_kept(pool) + bytes <= KEPT_MAX;
  if (keeps) shelve(pool, index, bytes, given);
  bool is_last = pool->is_released && pool->given == 0;
  uv_mutex_unlock(&pool->mutex);
  if (!keeps) midge_free(&midge_allocator_default, given, bytes);
  if (is_last) free_pool(pool);
}

/* All blocks are the system's in the end, which may have room behind one, or
 * move its pages. */
static void *regrow(midge_pool *pool, void *from, size_t old_size,
                    size_t new_size) {
  size_t bytes = new_size;
  if (is_pooled(new_size)) fit(new_size, &bytes);
  void *to = midge_resize(&midge_allocator_default, from, old_size, bytes);
  int more = is_pooled(new_size) - (from != NULL && is_pooled(old_size));
  if (to != NULL && more != 0) count_given(pool, more);
  return to;
}

static bool is_same(size_t old_size, size_t new_size) {
  size_t old_bytes, new_bytes;
  return is_pooled(old_size) && is_pooled(new_size) &&
         fit(old_size, &old_bytes) == fit(new_size, &new_bytes);
}

static void *move(midge_pool *pool, void *from, size_t old_size,
                  size_t new_size) {
  if (is_same(old_size, new_size)) return from;
  void *to = is_pooled(new_size) ? take_kept(pool, new_size) : NULL;
  if (to == NULL) return regrow(pool, from, old_size, new_size);
  memcpy(to, from, old_size < new_size ? old_size : new_size);
  if (is_pooled(old_size))
    give_back(pool, from, old_size);
  else
    midge_free(&midge_allocator_default, from, old_size);
  return to;
}

static void *take(midge_pool *pool, size_t size) {
  void *kept = take_kept(pool, size);
  return kept != NULL ? kept : regrow(pool, NULL, 0, size);
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

size_t midge_pool_kept(const midge_pool *pool) {
  return atomic_load_explicit(&pool->kept_bytes, memory_order_relaxed);
}

/* The largest first. */
static block *clear(midge_pool *pool) {
  block *cleared = NULL;
  for (size_t i = SIZES; i > 0; i--) {
    shelf *one = &pool->shelves[i - 1];
    for (size_t left = one->least;
         left != 0 && midge_pool_kept(pool) > MIDGE_POOL_IDLE; left--) {
      block *first = unshelve(pool, one);
      first->next = cleared;
      cleared = first;
    }
    one->least = one->count;
  }
  return cleared;
}

bool midge_pool_sweep(midge_pool *pool) {
  uv_mutex_lock(&pool->mutex);
  block *cleared = clear(pool);
  bool is_left = midge_pool_kept(pool) > MIDGE_POOL_IDLE;
  uv_mutex_unlock(&pool->mutex);
  free_blocks(cleared);
  return is_left;
}
