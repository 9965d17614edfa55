/* A byte for each 16-bit number, most of which are 0, in pages that are there
 * as far as one of their bytes is not: numbers that follow each other, as
 * identifiers do, lie beside each other. */
#ifndef MIDGE_BASE_SPARSE_H
#define MIDGE_BASE_SPARSE_H

#include "base/map.h"

enum { MIDGE_SPARSE_PAGE = 256 };

typedef struct midge_sparse_page {
  uint32_t count; /* of bytes that are not 0 */
  uint8_t bytes[MIDGE_SPARSE_PAGE];
} midge_sparse_page;

typedef struct midge_sparse {
  midge_map pages; /* key to midge_sparse_page */
  /* The page that was written last, as the next number is mostly of it, and
   * its key. It stays though it be empty; null: there is none. */
  midge_sparse_page *last;
  uint32_t last_key;
  uint32_t count; /* of bytes that are not 0 */
} midge_sparse;

void midge_sparse_init(midge_sparse *sparse, const midge_allocator *allocator);
void midge_sparse_free(midge_sparse *sparse);

/* Of a page, for the map. */
static inline uint32_t midge_sparse_key(uint32_t number) {
  return number / MIDGE_SPARSE_PAGE + 1;
}

/* Null when it is not there. */
static inline midge_sparse_page *midge_sparse_page_of(
    const midge_sparse *sparse, uint32_t number) {
  uint32_t key = midge_sparse_key(number);
  return key == sparse->last_key ? sparse->last
                                 : midge_map_get(&sparse->pages, key);
}

static inline uint8_t midge_sparse_get(const midge_sparse *sparse,
                                       uint16_t number) {
  const midge_sparse_page *page = midge_sparse_page_of(sparse, number);
  return page == NULL ? 0 : page->bytes[number % MIDGE_SPARSE_PAGE];
}

/* Not to 0. False when there is no memory, which a number that has a byte does
 * not need. */
MIDGE_CHECKED bool midge_sparse_set(midge_sparse *sparse, uint16_t number,
                                    uint8_t byte);
/* Its byte is 0, as it may have been before. */
void midge_sparse_unset(midge_sparse *sparse, uint16_t number);
/* All bytes are 0. */
void midge_sparse_clear(midge_sparse *sparse);
/* The first number from `number` on whose byte is not 0; false if there is
 * none. Bytes of what was found may be set or unset in between. */
bool midge_sparse_next(const midge_sparse *sparse, uint32_t *number);

#endif
