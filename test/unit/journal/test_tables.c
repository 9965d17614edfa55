/* Any number in a table of a store's file may be another one: that would
 * mislead LMDB, and is found. */
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include "batches.h"
#include "journal/key.h"
#include "journal/snapshot.h"
#include "midge/store.h"

static struct {
  uint8_t bytes[1024 * PAGE];
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
  if (batches_set_up(state) != 0) return -1;
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
  if (batches_set_up(state) != 0) return -1;
  midge_store_close(store_open());
  read_down();
  return 0;
}

/* In one transaction, so that their list has a page of its own. */
static int write_down_many_free_pages(void **state) {
  enum { LARGE = 5 };
  if (batches_set_up(state) != 0) return -1;
  static uint8_t body[100 * PAGE];
  midge_waiting_record records[LARGE];
  midge_explanation why;
  midge_store *store = store_open();
  for (size_t i = 0; i < LARGE; i++) {
    records[i] = record_of(i + 1, "");
    records[i].body = (midge_slice){body, sizeof body};
  }
  assert_int_equal(midge_store_write(store, records, LARGE, &why), MIDGE_OK);
  for (size_t i = 0; i < LARGE; i++) records[i] = deletion_of(i + 1);
  assert_int_equal(midge_store_write(store, records, LARGE, &why), MIDGE_OK);
  midge_store_close(store);
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

static bool find_any(uint64_t key, midge_slice value, void *found) {
  (void)key;
  (void)value;
  *(bool *)found = true;
  return true;
}

static midge_status look_back(bool *found) {
  midge_snapshot snapshot;
  midge_explanation why;
  midge_status status =
      midge_snapshot_open(&snapshot, store_path(), data_path(), &why);
  assert_int_equal(status, MIDGE_OK);
  *found = false;
  status = midge_snapshot_last(&snapshot, "records", MIDGE_STORE_MARKS,
                               find_any, found, &why);
  midge_snapshot_close(&snapshot);
  return status;
}

/* That is done in `connect`, before all of the tables are looked at. */
static void who_looks_back_finds_damage(void **state) {
  (void)state;
  bool found;
  assert_int_equal(look_back(&found), MIDGE_OK);
  assert_true(found);
  midge_tree tree = tree_of(RECORDS), deeper = tree;
  deeper.depth = MIDGE_DEPTH_MAX + 1;
  put_back(tree_at(RECORDS), &deeper, sizeof deeper);
  assert_int_equal(look_back(&found), MIDGE_ESTORE);
  put_back(tree_at(RECORDS), &tree, sizeof tree);
  const uint16_t leaf = MIDGE_PAGE_LEAF;
  put_back(&page_at(tree.root)->flags, &leaf, sizeof leaf);
  assert_int_equal(look_back(&found), MIDGE_ESTORE);
  assert_false(found);
}

static void damage_to_a_list_of_many_free_pages_is_found(void **state) {
  (void)state;
  size_t leaf = meta_at(newest_page())->free.root;
  size_t last = count_at(leaf) - 1, number, list[3];
  assert_int_equal(node_of(leaf, last).flags, MIDGE_NODE_IS_ELSEWHERE);
  memcpy(&number, data_at(leaf, last), sizeof number);
  uint8_t *first = (uint8_t *)(page_at(number) + 1);
  memcpy(list, first, sizeof list);
  assert_true(list[0] > 500);
  DAMAGE(first, size_t, SIZE_MAX, AT_ONCE);
  DAMAGE(first + sizeof *list, size_t, list[2], AT_ONCE);
  DAMAGE(first + list[0] * sizeof *list, size_t, 1, AT_ONCE);
  DAMAGE(data_at(leaf, last), size_t, number + 1, AT_ONCE);
}

int main(void) {
#define DAMAGED_TEST(name) \
  cmocka_unit_test_setup_teardown(name, write_down, forget)
  const struct CMUnitTest tests[] = {
      DAMAGED_TEST(damage_to_the_beginning_is_found),
      cmocka_unit_test_setup_teardown(damage_to_a_new_file_is_found,
                                      write_nothing_down, forget),
      DAMAGED_TEST(damage_to_a_tree_is_found),
      DAMAGED_TEST(damage_to_its_pages_is_found),
      DAMAGED_TEST(damage_to_a_large_value_is_found),
      DAMAGED_TEST(damage_to_free_pages_is_found),
      DAMAGED_TEST(who_looks_back_finds_damage),
      cmocka_unit_test_setup_teardown(
          damage_to_a_list_of_many_free_pages_is_found,
          write_down_many_free_pages, forget),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
