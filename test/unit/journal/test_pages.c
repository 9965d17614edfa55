/* What LMDB writes is sound, and what would mislead it is found: a file may end
 * before pages that are free and before no others, and any number in a table
 * may be another one. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/environment.h"
#include "journal/file.h"
#include "journal/pages.h"
#include "midge/store.h"
#include "stores.h"

enum { BATCH_MAX = 200, BODY_MAX = 400, PAGE = 4096 };

/* What is to be in the store: the records from `low` to before `high`. */
static uint64_t low, high;
static uint8_t bodies[2 * BODY_MAX];

static int set_up(void **state) {
  low = high = 1;
  for (size_t i = 0; i < sizeof bodies; i++) bodies[i] = (uint8_t)(i * 7);
  return store_set_up(state);
}

static midge_slice body_of(uint64_t key) {
  return (midge_slice){bodies + key % BODY_MAX, key * 37 % BODY_MAX};
}

static void write_batch(midge_store *store, size_t puts, size_t deletions) {
  static midge_waiting_record records[2 * BATCH_MAX];
  midge_explanation why;
  size_t count = 0;
  for (size_t i = 0; i < puts; i++) {
    records[count] = record_of(high, "");
    records[count++].body = body_of(high++);
  }
  for (size_t i = 0; i < deletions && low < high; i++)
    records[count++] = deletion_of(low++);
  assert_int_equal(midge_store_write(store, records, count, &why), MIDGE_OK);
}

static void expect_all(midge_store *store) {
  midge_explanation why;
  midge_page page;
  uint64_t next = low;
  size_t count;
  do {
    assert_int_equal(midge_store_read(store, next - 1, 64, &page, &why),
                     MIDGE_OK);
    count = page.count;
    for (size_t i = 0; i < count; i++, next++) {
      midge_slice body = body_of(next);
      assert_int_equal(page.records[i].key, next);
      assert_int_equal(page.records[i].body.size, body.size);
      if (body.size != 0)
        assert_memory_equal(page.records[i].body.data, body.data, body.size);
    }
    midge_page_free(&page);
  } while (count != 0);
  assert_int_equal(next, high);
}

static const char *data_path(void) {
  static char name[128];
  snprintf(name, sizeof name, "%s/data.mdb", store_path());
  return name;
}

static size_t pages_of_file(void) {
  struct stat found;
  assert_int_equal(stat(data_path(), &found), 0);
  return (size_t)found.st_size / PAGE;
}

static bool is_short(const midge_store *store) {
  MDB_envinfo info;
  assert_int_equal(mdb_env_info(store->env, &info), 0);
  return pages_of_file() <= info.me_last_pgno;
}

/* Cuts one page after the other off the file: so many can go until it is
 * refused. What opens is whole. */
static size_t pages_to_spare(void) {
  size_t count = 0;
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = store_options();
  size_t pages = pages_of_file();
  while (midge_store_open(&store, &options, &why) == MIDGE_OK) {
    expect_all(store);
    midge_store_close(store);
    count++;
    assert_int_equal(truncate(data_path(), (off_t)(--pages * PAGE)), 0);
  }
  for (; pages > 2; pages--) {
    assert_int_equal(truncate(data_path(), (off_t)(pages * PAGE)), 0);
    expect_refused(&options, MIDGE_ESTORE, "its file was cut short");
  }
  return count - 1;
}

static size_t any(size_t below) {
  static uint32_t number = 1;
  number = number * 1103515245 + 12345;
  return (number >> 8) % below;
}

/* A store whose file ends before the last page that LMDB took. */
static midge_store *open_short(void) {
  for (int tries = 0; tries < 100; tries++) {
    midge_store *store = store_open();
    for (int i = 0; i < 30; i++) {
      write_batch(store, any(200), any(200));
      if (is_short(store)) return store;
    }
    midge_store_close(store);
    assert_int_equal(remove(data_path()), 0);
    low = high = 1;
  }
  fail_msg("no file was short");
  return NULL;
}

/* --- The tests ------------------------------------------------------------ */

static void a_free_page_that_was_never_written_is_not_missed(void **state) {
  (void)state;
  midge_store *store = open_short();
  midge_store_close(store);
  store = store_open();
  assert_true(is_short(store));
  expect_all(store);
  midge_store_close(store);
}

static void a_short_file_is_written_to_again(void **state) {
  (void)state;
  midge_store *store = open_short();
  midge_store_close(store);
  store = store_open();
  for (int i = 0; i < 20; i++) write_batch(store, 20, 0);
  assert_false(is_short(store));
  expect_all(store);
  midge_store_close(store);
  store = store_open();
  expect_all(store);
  midge_store_close(store);
}

static void a_page_that_is_not_free_is_missed(void **state) {
  (void)state;
  for (int i = 0; i < 10; i++) {
    midge_store_close(open_short());
    assert_true(pages_to_spare() < 100);
    assert_int_equal(remove(data_path()), 0);
    low = high = 1;
  }
}

/* --- What is written ------------------------------------------------------ */

static midge_soundness soundness_of(bool records) {
  midge_soundness soundness;
  assert_int_equal(midge_pages_check(data_path(), records, NULL, &soundness),
                   0);
  return soundness;
}

static midge_waiting_record batch[BATCH_MAX];

static void write_it(midge_store *store, size_t count) {
  midge_explanation why;
  assert_int_equal(midge_store_write(store, batch, count, &why), MIDGE_OK);
}

/* Sizes of all kinds, and what is there already as well. */
static void write_any(midge_store *store) {
  enum { KEYS = 500, MANY = 40, LARGE = 20000, MIDDLING = 3000, SMALL = 200 };
  static uint8_t body[LARGE];
  size_t puts = any(MANY), deletions = any(MANY), count = 0;
  for (size_t i = 0; i < puts; i++) {
    static const size_t sizes[] = {LARGE, MIDDLING, SMALL, SMALL, SMALL};
    batch[count] = record_of(1 + any(KEYS), "");
    batch[count++].body = (midge_slice){body, any(sizes[any(5)])};
  }
  for (size_t i = 0; i < deletions; i++)
    batch[count++] = deletion_of(1 + any(KEYS));
  write_it(store, count);
}

static void delete_all(midge_store *store) {
  enum { KEYS = 600 };
  for (uint64_t key = 1; key < KEYS; key += BATCH_MAX) {
    for (uint64_t i = 0; i < BATCH_MAX; i++) batch[i] = deletion_of(key + i);
    write_it(store, BATCH_MAX);
  }
}

static void whatever_is_written_is_sound(void **state) {
  (void)state;
  midge_store *store = store_open();
  for (int i = 0; i < 400; i++) {
    if (i % 100 == 99)
      delete_all(store);
    else
      write_any(store);
    assert_int_equal(soundness_of(true), MIDGE_PAGES_SOUND);
    if (any(20) != 0) continue;
    midge_store_close(store);
    store = store_open();
  }
  midge_store_close(store);
}

static void pages_that_cannot_be_read_are_an_error(void **state) {
  (void)state;
  midge_store_options options = store_options();
  midge_soundness soundness;
  midge_explanation why;
  midge_page page;
  midge_store *store = store_open();
  store_put(store, 1, "there");
  midge_store_close(store);
  assert_int_equal(midge_pages_check("/nowhere/at-all", true, NULL, &soundness),
                   ENOENT);
  refused.pread = (fault){EIO, 1};
  assert_int_equal(midge_pages_check(data_path(), true, NULL, &soundness), EIO);
  refused.pread = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "; the disk has failed");
  store = store_open();
  refused.pread = (fault){EIO, 1};
  assert_int_equal(midge_store_read(store, 0, 16, &page, &why), MIDGE_ESTORE);
  assert_non_null(strstr(why.text, "; the disk has failed"));
  midge_page_free(&page);
  assert_string_equal(store_bodies(store), "there ");
  midge_store_close(store);
}

static size_t questions, answers, reads;

static bool lasts(void *context) {
  assert_ptr_equal(context, &questions);
  return questions++ < answers;
}

static void count_read(size_t size) {
  (void)size;
  reads++;
}

/* The disk may be slow, and the file large. */
static void a_check_that_nobody_awaits_ends_soon(void **state) {
  (void)state;
  enum { BATCHES = 10, BETWEEN = 64 };
  const midge_interest interest = {lasts, &questions};
  midge_soundness soundness;
  midge_explanation why;
  midge_store *store = store_open();
  for (int i = 0; i < BATCHES; i++) write_batch(store, BATCH_MAX, 0);
  midge_store_close(store);
  refused.before_read = count_read;
  for (answers = 0; answers < 2; answers++) {
    questions = reads = 0;
    assert_int_equal(
        midge_pages_check(data_path(), true, &interest, &soundness), ECANCELED);
    assert_int_equal(questions, answers + 1);
    assert_int_equal(reads, (answers + 1) * BETWEEN - 1);
  }
  answers = SIZE_MAX;
  assert_int_equal(midge_pages_check(data_path(), true, &interest, &soundness),
                   0);
  assert_int_equal(soundness, MIDGE_PAGES_SOUND);
  refused.before_read = NULL;
  store = store_open();
  answers = questions = 0;
  assert_int_equal(midge_store_look(store, &interest, &why), MIDGE_ECLOSED);
  assert_int_equal(questions, 1);
  expect_all(store);
  assert_int_equal(midge_store_look(store, &interest, &why), MIDGE_OK);
  assert_int_equal(questions, 1);
  midge_store_close(store);
}

/* --- What is damaged ------------------------------------------------------ */

static struct {
  uint8_t bytes[256 * PAGE];
  int file;
} written;

static midge_meta *meta_at(size_t page) {
  return (midge_meta *)(void *)(written.bytes + page * PAGE +
                                sizeof(midge_page_head));
}

static size_t newest_page(void) {
  return meta_at(1)->transaction > meta_at(0)->transaction;
}

static midge_page_head *page_at(size_t number) {
  return (midge_page_head *)(void *)(written.bytes + number * PAGE);
}

static uint16_t *offset_at(size_t page, size_t index) {
  return (uint16_t *)(void *)(page_at(page) + 1) + index;
}

static size_t count_at(size_t page) {
  return (page_at(page)->lower - sizeof(midge_page_head)) / sizeof(uint16_t);
}

/* Nodes lie at even addresses, not at any that a number would like. */
static uint8_t *node_at(size_t page, size_t index) {
  return (uint8_t *)page_at(page) + *offset_at(page, index);
}

static midge_node_head node_of(size_t page, size_t index) {
  midge_node_head node;
  memcpy(&node, node_at(page, index), sizeof node);
  return node;
}

#define FIELD_AT(page, index, field) \
  (node_at(page, index) + offsetof(midge_node_head, field))

static uint8_t *key_at(size_t page, size_t index) {
  return node_at(page, index) + sizeof(midge_node_head);
}

static uint8_t *data_at(size_t page, size_t index) {
  return key_at(page, index) + node_of(page, index).key_size;
}

/* In the tree of trees they stand in this order. */
enum { ABOUT, DAMAGED, RECORDS };

static uint8_t *tree_at(size_t index) {
  return data_at(meta_at(newest_page())->all.root, index);
}

static midge_tree tree_of(size_t index) {
  midge_tree tree;
  memcpy(&tree, tree_at(index), sizeof tree);
  return tree;
}

static void read_down(void) {
  written.file = open(data_path(), O_RDWR);
  ssize_t size = pread(written.file, written.bytes, sizeof written.bytes, 0);
  assert_true(size > 0 && (size_t)size < sizeof written.bytes);
}

static int write_down(void **state) {
  if (set_up(state) != 0) return -1;
  static uint8_t body[2 * PAGE];
  midge_explanation why;
  midge_store *store = store_open();
  write_batch(store, BATCH_MAX, 0);
  midge_waiting_record large = record_of(high, "");
  large.body = (midge_slice){body, sizeof body};
  assert_int_equal(midge_store_write(store, &large, 1, &why), MIDGE_OK);
  write_batch(store, 0, 20);
  midge_store_close(store);
  read_down();
  return 0;
}

static int write_nothing_down(void **state) {
  if (set_up(state) != 0) return -1;
  midge_store_close(store_open());
  read_down();
  return 0;
}

static int forget(void **state) {
  close(written.file);
  return store_tear_down(state);
}

/* When it is found: at opening, or before records are read. */
typedef enum found_when { AT_ONCE, LATER } found_when;

static void put_back(const void *at, const void *bytes, size_t size) {
  off_t place = (const uint8_t *)at - written.bytes;
  assert_int_equal(pwrite(written.file, bytes, size, place), size);
}

static void expect_found(const char *what, found_when when) {
  char text[256];
  midge_store_report report;
  midge_slice path = store_options().path;
  if (soundness_of(true) == MIDGE_PAGES_SOUND) fail_msg("%s", what);
  bool is_found = soundness_of(false) != MIDGE_PAGES_SOUND;
  if (is_found != (when == AT_ONCE)) fail_msg("%s: when", what);
  if (midge_store_check(path, &report, text, sizeof text) == MIDGE_OK)
    fail_msg("%s: from outside", what);
}

/* Puts other bytes there, looks, and puts the right ones back. */
static void damage(const char *what, const void *at, const void *other,
                   size_t size, found_when when) {
  if (memcmp(at, other, size) == 0) fail_msg("%s: no damage", what);
  assert_int_equal(soundness_of(true), MIDGE_PAGES_SOUND);
  put_back(at, other, size);
  expect_found(what, when);
  put_back(at, at, size);
}

#define DAMAGE(at, type, value, when)                             \
  do {                                                            \
    type altered = (type)(value);                                 \
    damage(#at " = " #value, at, &altered, sizeof altered, when); \
  } while (false)

static void damage_to_the_beginning_is_found(void **state) {
  (void)state;
  midge_meta *newest = meta_at(newest_page());
  midge_meta *other = meta_at(1 - newest_page());
  for (size_t i = 0; i < 2; i++) {
    DAMAGE(&meta_at(i)->free.page_size, uint32_t, 0, AT_ONCE);
    DAMAGE(&meta_at(i)->free.page_size, uint32_t, PAGE + 2, AT_ONCE);
    DAMAGE(&meta_at(i)->transaction, size_t, meta_at(i)->transaction + 1,
           AT_ONCE);
  }
  DAMAGE(&meta_at(1)->free.page_size, uint32_t, 2 * PAGE, AT_ONCE);
  DAMAGE(&other->transaction, size_t, newest->transaction + 1, AT_ONCE);
  DAMAGE(&newest->transaction, size_t, newest->transaction | (size_t)1 << 63,
         AT_ONCE);
  DAMAGE(&newest->last, size_t, 0, AT_ONCE);
  DAMAGE(&newest->last, size_t, newest->last + 1, AT_ONCE);
  DAMAGE(&newest->last, size_t, SIZE_MAX, AT_ONCE);
  DAMAGE(&newest->free.flags, uint16_t, newest->free.flags | 4, AT_ONCE);
  DAMAGE(&newest->all.flags, uint16_t, 4, AT_ONCE);
}

/* The first transaction gives no pages back. */
static void damage_to_a_new_file_is_found(void **state) {
  (void)state;
  midge_meta *newest = meta_at(newest_page());
  assert_int_equal(newest->transaction, 1);
  DAMAGE(&meta_at(0)->transaction, size_t, 1, AT_ONCE);
  DAMAGE(&meta_at(0)->transaction, size_t, 2, AT_ONCE);
  DAMAGE(&meta_at(1)->transaction, size_t, 2, AT_ONCE);
}

static void damage_to_a_tree_is_found(void **state) {
  (void)state;
  midge_tree tree = tree_of(RECORDS), other;
  assert_int_equal(tree.depth, 2);
#define OTHERWISE(field, value, when)                                          \
  do {                                                                         \
    other = tree;                                                              \
    other.field = (value);                                                     \
    damage(#field " = " #value, tree_at(RECORDS), &other, sizeof other, when); \
  } while (false)
  OTHERWISE(flags, 4, AT_ONCE);
  OTHERWISE(depth, 1, LATER);
  OTHERWISE(depth, 3, LATER);
  OTHERWISE(depth, MIDGE_DEPTH_MAX + 1, LATER);
  OTHERWISE(depth, 0, LATER);
  OTHERWISE(root, 0, LATER);
  OTHERWISE(root, meta_at(0)->last + 1, LATER);
  OTHERWISE(root, tree_of(ABOUT).root, LATER);
  OTHERWISE(branches, tree.branches + 1, LATER);
  OTHERWISE(leaves, tree.leaves + 1, LATER);
  OTHERWISE(elsewhere, tree.elsewhere + 1, LATER);
  OTHERWISE(entries, tree.entries + 1, LATER);
  tree = tree_of(DAMAGED);
  assert_int_equal(tree.depth, 0);
  other = tree;
  other.root = tree_of(RECORDS).root;
  damage("an empty tree with a root", tree_at(DAMAGED), &other, sizeof other,
         LATER);
  size_t root = meta_at(newest_page())->all.root;
  DAMAGE(key_at(root, RECORDS), char, 's', AT_ONCE);
  DAMAGE(FIELD_AT(root, RECORDS, low), uint32_t, sizeof(midge_tree) - 1,
         AT_ONCE);
}

/* Of the tree's two levels. */
static void damage_to_its_pages_is_found(void **state) {
  (void)state;
  size_t branch = tree_of(RECORDS).root;
  size_t leaf = node_of(branch, 0).low;
  const size_t both[] = {branch, leaf};
  assert_true(count_at(branch) > 2 && count_at(leaf) > 2);
  for (size_t i = 0; i < 2; i++) {
    size_t at = both[i];
    midge_page_head *head = page_at(at);
    DAMAGE(&head->number, size_t, at + 1, LATER);
    DAMAGE(&head->flags, uint16_t, head->flags | 0x10, LATER);
    DAMAGE(&head->flags, uint16_t, MIDGE_PAGE_ELSEWHERE, LATER);
    DAMAGE(&head->lower, uint16_t, head->lower - 2, LATER);
    DAMAGE(&head->lower, uint16_t, head->lower + 2, LATER);
    DAMAGE(&head->lower, uint16_t, 0, LATER);
    DAMAGE(&head->lower, uint16_t, sizeof *head, LATER);
    DAMAGE(&head->upper, uint16_t, head->upper + 2, LATER);
    DAMAGE(&head->upper, uint16_t, head->upper - 2, LATER);
    DAMAGE(&head->upper, uint16_t, UINT16_MAX, LATER);
    DAMAGE(offset_at(at, 1), uint16_t, *offset_at(at, 2), LATER);
    DAMAGE(offset_at(at, 1), uint16_t, *offset_at(at, 1) + 1, LATER);
    DAMAGE(offset_at(at, 1), uint16_t, UINT16_MAX - 1, LATER);
    const uint16_t swapped[] = {*offset_at(at, 2), *offset_at(at, 1)};
    damage("two nodes swapped", offset_at(at, 1), swapped, sizeof swapped,
           LATER);
    DAMAGE(FIELD_AT(at, 1, key_size), uint16_t, 10, LATER);
    DAMAGE(FIELD_AT(at, 1, key_size), uint16_t, 0, LATER);
    DAMAGE(key_at(at, 1), uint8_t, 0xff, LATER);
  }
  DAMAGE(FIELD_AT(branch, 1, low), uint32_t, leaf, LATER);
  DAMAGE(FIELD_AT(branch, 1, low), uint32_t, meta_at(0)->last + 9, LATER);
  DAMAGE(FIELD_AT(branch, 1, flags), uint16_t, 1, LATER);
  DAMAGE(FIELD_AT(leaf, 1, low), uint32_t, node_of(leaf, 1).low + 2, LATER);
  DAMAGE(FIELD_AT(leaf, 1, flags), uint16_t, 2, LATER);
  DAMAGE(FIELD_AT(leaf, 1, flags), uint16_t, 4, LATER);
  size_t last = count_at(leaf) - 1;
  DAMAGE(key_at(leaf, last), uint8_t, 1, LATER);
}

static void damage_to_a_large_value_is_found(void **state) {
  (void)state;
  size_t branch = tree_of(RECORDS).root, number;
  size_t leaf = node_of(branch, count_at(branch) - 1).low;
  size_t last = count_at(leaf) - 1;
  assert_int_equal(node_of(leaf, last).flags, MIDGE_NODE_IS_ELSEWHERE);
  memcpy(&number, data_at(leaf, last), sizeof number);
  midge_page_head *head = page_at(number);
  assert_int_equal(midge_page_count(*head), 3);
  DAMAGE(&head->number, size_t, number + 1, LATER);
  DAMAGE(&head->flags, uint16_t, MIDGE_PAGE_LEAF, LATER);
  DAMAGE(&head->lower, uint16_t, 2, LATER);
  DAMAGE(&head->lower, uint16_t, 4, LATER);
  DAMAGE(&head->upper, uint16_t, 1, LATER);
  DAMAGE(data_at(leaf, last), size_t, leaf, LATER);
  DAMAGE(FIELD_AT(leaf, last, low), uint32_t, 3 * PAGE, LATER);
  size_t end_is_free[] = {1, number + 2};
  size_t lists = meta_at(newest_page())->free.root;
  damage("its last page is free", data_at(lists, count_at(lists) - 1),
         end_is_free, sizeof end_is_free, LATER);
}

static void damage_to_free_pages_is_found(void **state) {
  (void)state;
  size_t leaf = meta_at(newest_page())->free.root;
  size_t last = count_at(leaf) - 1, list[3];
  memcpy(list, data_at(leaf, last), sizeof list);
  assert_true(list[0] >= 2);
  uint8_t *first = data_at(leaf, last) + sizeof *list;
  DAMAGE(data_at(leaf, last), size_t, SIZE_MAX, AT_ONCE);
  DAMAGE(data_at(leaf, last), size_t, list[0] + 1, AT_ONCE);
  DAMAGE(first, size_t, SIZE_MAX, AT_ONCE);
  DAMAGE(first, size_t, list[2], AT_ONCE);
  DAMAGE(first, size_t, meta_at(newest_page())->all.root, AT_ONCE);
  DAMAGE(first + sizeof *list, size_t, 1, AT_ONCE);
  const size_t swapped[] = {list[2], list[1]};
  damage("two pages swapped", first, swapped, sizeof swapped, AT_ONCE);
  DAMAGE(key_at(leaf, last), uint8_t, 0xff, AT_ONCE);
  DAMAGE(FIELD_AT(leaf, last, key_size), uint16_t, 6, AT_ONCE);
  /* It is in use by a tree that is looked at later. */
  const size_t one_in_use[] = {1, tree_of(RECORDS).root};
  damage("a page in use is free", data_at(leaf, last), one_in_use,
         sizeof one_in_use, LATER);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, set_up, store_tear_down)
#define DAMAGED_TEST(name) \
  cmocka_unit_test_setup_teardown(name, write_down, forget)
  const struct CMUnitTest tests[] = {
      TEST(a_free_page_that_was_never_written_is_not_missed),
      TEST(a_short_file_is_written_to_again),
      TEST(a_page_that_is_not_free_is_missed),
      TEST(whatever_is_written_is_sound),
      TEST(pages_that_cannot_be_read_are_an_error),
      TEST(a_check_that_nobody_awaits_ends_soon),
      DAMAGED_TEST(damage_to_the_beginning_is_found),
      cmocka_unit_test_setup_teardown(damage_to_a_new_file_is_found,
                                      write_nothing_down, forget),
      DAMAGED_TEST(damage_to_a_tree_is_found),
      DAMAGED_TEST(damage_to_its_pages_is_found),
      DAMAGED_TEST(damage_to_a_large_value_is_found),
      DAMAGED_TEST(damage_to_free_pages_is_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
