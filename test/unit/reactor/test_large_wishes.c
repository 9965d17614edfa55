/* The mailbox has a limit for wishes of any size. The memory for them is a
 * few pages that are mapped again and again, but for the beginning. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "reactor/mailbox.h"
#include "unit/harness.h"

enum { PAGES = 1 << 20, SIZE = 300 << 20 };

static uint8_t *map_again_and_again(size_t size) {
  int file = memfd_create("wishes", 0);
  assert_true(file >= 0);
  assert_int_equal(ftruncate(file, PAGES), 0);
  size_t room = (size + PAGES - 1) / PAGES * PAGES;
  uint8_t *all = mmap(NULL, room, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  assert_true(all != MAP_FAILED);
  for (size_t at = PAGES; at < room; at += PAGES)
    assert_true(mmap(all + at, PAGES, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_FIXED, file, 0) == all + at);
  close(file);
  return all;
}

static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  (void)context;
  if (old_size < SIZE && new_size < SIZE) {
    if (new_size != 0) return realloc(block, new_size);
    free(block);
    return NULL;
  }
  assert_true(old_size == 0 || new_size == 0);
  if (new_size != 0) return map_again_and_again(new_size);
  munmap(block, (old_size + PAGES - 1) / PAGES * PAGES);
  return NULL;
}

static void put(midge_mailbox *mailbox, const midge_wish *wish,
                midge_status expected) {
  bool ring;
  assert_int_equal(midge_mailbox_put(mailbox, wish, &ring), expected);
}

static size_t take_all(midge_mailbox *mailbox) {
  size_t count = 0;
  midge_parcel *parcel = midge_mailbox_take(mailbox);
  while (parcel != NULL) {
    midge_parcel *next = parcel->next;
    count++;
    midge_mailbox_give_back(mailbox, parcel);
    parcel = next;
  }
  return count;
}

static void wishes_of_more_than_a_gigabyte_are_refused(void **state) {
  (void)state;
#if defined(__SANITIZE_THREAD__)
  skip(); /* there is one thread, and much memory to keep an eye on */
#endif
  const midge_allocator allocator = {resize, NULL};
  midge_mailbox mailbox;
  assert_int_equal(midge_mailbox_init(&mailbox, &allocator), 0);
  uint8_t *payload = calloc(1, SIZE);
  assert_non_null(payload);
  const midge_wish wish = {
      .type = MIDGE_WISH_PUBLISH,
      .publish = {.topic = MIDGE_TEXT("t"), .payload = {payload, SIZE}}};
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 3; i++) put(&mailbox, &wish, MIDGE_OK);
    put(&mailbox, &wish, MIDGE_EQUEUE);
    assert_int_equal(take_all(&mailbox), 3);
  }
  free(payload);
  midge_mailbox_free(&mailbox);
}

/* The wish itself is small. */
static void drafts_of_more_than_a_gigabyte_are_refused(void **state) {
  (void)state;
  midge_mailbox mailbox;
  midge_buffer draft = {.size = SIZE};
  const midge_wish wish = {.type = MIDGE_WISH_PUBLISH, .draft = &draft};
  atomic_init(&draft.holders, 1);
  assert_int_equal(midge_mailbox_init(&mailbox, &midge_allocator_default), 0);
  for (int i = 0; i < 3; i++) put(&mailbox, &wish, MIDGE_OK);
  put(&mailbox, &wish, MIDGE_EQUEUE);
  assert_int_equal(atomic_load(&draft.holders), 4);
  midge_mailbox_free(&mailbox);
  assert_int_equal(atomic_load(&draft.holders), 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wishes_of_more_than_a_gigabyte_are_refused),
      cmocka_unit_test(drafts_of_more_than_a_gigabyte_are_refused),
  };
  return cmocka_run_group_tests_name("large_wishes", tests, NULL, NULL);
}
