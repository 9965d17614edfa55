#include "base/sparse.h"

#include <assert.h>

void midge_sparse_init(midge_sparse *sparse, const midge_allocator *allocator) {
  *sparse = (midge_sparse){0};
  midge_map_init(&sparse->pages, allocator);
}

static void free_page(const midge_sparse *sparse, midge_sparse_page *page) {
  midge_free(sparse->pages.allocator, page, sizeof *page);
}

void midge_sparse_clear(midge_sparse *sparse) {
  midge_map_place *place;
  for (size_t at = 0; (place = midge_map_next(&sparse->pages, &at)) != NULL;)
    free_page(sparse, place->value);
  midge_map_clear(&sparse->pages);
  sparse->last = NULL;
  sparse->last_key = 0;
  sparse->count = 0;
}

void midge_sparse_free(midge_sparse *sparse) {
  midge_sparse_clear(sparse);
  midge_map_free(&sparse->pages);
}

static midge_sparse_page *add_page(midge_sparse *sparse, uint16_t number) {
  midge_sparse_page *page =
      midge_allocate_zero(sparse->pages.allocator, sizeof *page);
  if (page == NULL) return NULL;
  if (midge_map_put(&sparse->pages, midge_sparse_key(number), page))
    return page;
  free_page(sparse, page);
  return NULL;
}

/* This page is written now, and the one before goes if it was left empty. */
static void visit(midge_sparse *sparse, midge_sparse_page *page,
                  uint32_t number) {
  if (sparse->last == page) return;
  if (sparse->last != NULL && sparse->last->count == 0)
    free_page(sparse, midge_map_remove(&sparse->pages, sparse->last_key));
  sparse->last = page;
  sparse->last_key = midge_sparse_key(number);
}

bool midge_sparse_set(midge_sparse *sparse, uint16_t number, uint8_t byte) {
  assert(byte != 0);
  midge_sparse_page *page = midge_sparse_page_of(sparse, number);
  if (page == NULL) page = add_page(sparse, number);
  if (page == NULL) return false;
  visit(sparse, page, number);
  uint8_t *at = &page->bytes[number % MIDGE_SPARSE_PAGE];
  uint32_t more = *at == 0;
  *at = byte;
  page->count += more;
  sparse->count += more;
  return true;
}

void midge_sparse_unset(midge_sparse *sparse, uint16_t number) {
  midge_sparse_page *page = midge_sparse_page_of(sparse, number);
  if (page == NULL) return;
  uint8_t *at = &page->bytes[number % MIDGE_SPARSE_PAGE];
  if (*at == 0) return;
  visit(sparse, page, number);
  *at = 0;
  page->count--;
  sparse->count--;
}

bool midge_sparse_next(const midge_sparse *sparse, uint32_t *number) {
  if (sparse->count == 0) return false;
  while (*number <= UINT16_MAX) {
    const midge_sparse_page *page = midge_sparse_page_of(sparse, *number);
    if (page == NULL || page->count == 0) {
      *number = midge_sparse_key(*number) * MIDGE_SPARSE_PAGE;
      continue;
    }
    if (page->bytes[*number % MIDGE_SPARSE_PAGE] != 0) return true;
    ++*number;
  }
  return false;
}
