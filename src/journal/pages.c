#include "journal/pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/file.h"
#include "journal/nodes.h"

enum {
  METAS = 2,
  ABOUT = 0,
  TREES = 3, /* with names */
  PAGE_SIZE_MIN = 512,
  PAGE_SIZE_MAX = 32768,
  READS_BETWEEN = 64, /* one question whether they are wanted and the next */
  /* The flags of the tree of free pages: its keys are numbers, and how the file
   * was opened when it was made. */
  IS_OF_NUMBERS = 8,
  HAS_NO_DIRECTORY = 0x4000,
};

static const char *const names[TREES] = {"about", "records", "damaged"};

typedef enum midge_kind { FREE, ALL, OTHER } midge_kind;

/* What is known of the file so far. */
typedef struct midge_inquiry {
  int file;
  int error; /* of the system: why something could not be read */
  const midge_interest *interest;
  size_t reads;
  bool is_short;    /* a page in use is behind the end of the file */
  size_t page_size; /* of the file, as the next three */
  size_t pages, last, transaction;
  size_t missing;     /* free pages behind the end of the file */
  uint8_t *is_seen;   /* a bit for each page */
  uint8_t *levels;    /* a page for each level of a tree */
  uint8_t *starts;    /* room for midge_nodes_are_packed */
  size_t newest_list; /* the transaction of the newest list of free pages */
  midge_tree trees[TREES];
  bool has_tree[TREES];
  bool has_strange_tree;
} midge_inquiry;

static bool is_wanted(midge_inquiry *inquiry) {
  const midge_interest *interest = inquiry->interest;
  if (interest == NULL || ++inquiry->reads % READS_BETWEEN != 0) return true;
  return interest->lasts(interest->context);
}

static bool read_at(midge_inquiry *inquiry, size_t at, void *into,
                    size_t size) {
  if (!is_wanted(inquiry)) {
    inquiry->error = ECANCELED;
    return false;
  }
  ssize_t read = pread(inquiry->file, into, size, (off_t)at);
  if (read < 0) inquiry->error = errno;
  return read == (ssize_t)size;
}

static size_t number_of(midge_slice key) {
  size_t number;
  memcpy(&number, key.data, sizeof number);
  return number;
}

/* --- Each page once --- */

static bool take(midge_inquiry *inquiry, size_t number) {
  uint8_t bit = (uint8_t)(1 << number % 8);
  if (number < METAS || number > inquiry->last) return false;
  if ((inquiry->is_seen[number / 8] & bit) != 0) return false;
  inquiry->is_seen[number / 8] |= bit;
  return true;
}

static bool take_used(midge_inquiry *inquiry, size_t number) {
  if (!take(inquiry, number)) return false;
  inquiry->is_short |= number >= inquiry->pages;
  return number < inquiry->pages;
}

static bool take_free(midge_inquiry *inquiry, size_t number) {
  inquiry->missing += number >= inquiry->pages;
  return take(inquiry, number);
}

/* --- Values --- */

/* Those of a value that has pages of its own: they follow each other, and may
 * be more than it needs. */
static bool take_run(midge_inquiry *inquiry, size_t number, size_t size,
                     midge_tree *found) {
  midge_page_head head;
  if (!take_used(inquiry, number) ||
      !read_at(inquiry, number * inquiry->page_size, &head, sizeof head))
    return false;
  size_t count = midge_page_count(head);
  size_t needed = (sizeof head - 1 + size) / inquiry->page_size + 1;
  if (head.number != number || head.flags != MIDGE_PAGE_ELSEWHERE ||
      count < needed)
    return false;
  for (size_t i = 1; i < count; i++)
    if (!take_used(inquiry, number + i)) return false;
  found->elsewhere += count;
  return true;
}

/* A length, and numbers from the highest to the lowest. */
static bool take_list(midge_inquiry *inquiry, const uint8_t *list,
                      size_t size) {
  size_t length, number, before = SIZE_MAX;
  if (size < sizeof length) return false;
  memcpy(&length, list, sizeof length);
  if (length > size / sizeof length - 1) return false;
  for (size_t i = 1; i <= length; i++) {
    memcpy(&number, list + i * sizeof number, sizeof number);
    if (number >= before || !take_free(inquiry, number)) return false;
    before = number;
  }
  return true;
}

static bool take_list_elsewhere(midge_inquiry *inquiry, size_t number,
                                size_t size) {
  uint8_t *list = malloc(size + 1);
  if (list == NULL) inquiry->error = ENOMEM;
  bool is_taken =
      list != NULL &&
      read_at(inquiry, number * inquiry->page_size + sizeof(midge_page_head),
              list, size) &&
      take_list(inquiry, list, size);
  free(list);
  return is_taken;
}

static bool note_tree(midge_inquiry *inquiry, const midge_packed_node *node) {
  if (node->size != sizeof(midge_tree)) return false;
  for (size_t i = 0; i < TREES; i++) {
    if (!midge_slice_equal(node->key, midge_slice_text(names[i]))) continue;
    memcpy(&inquiry->trees[i], node->data, sizeof *inquiry->trees);
    inquiry->has_tree[i] = true;
    return inquiry->trees[i].flags == 0;
  }
  inquiry->has_strange_tree = true;
  return true;
}

static bool take_value(midge_inquiry *inquiry, midge_kind kind,
                       const midge_packed_node *node, midge_tree *found) {
  found->entries++;
  if (kind == FREE) inquiry->newest_list = number_of(node->key);
  if (node->flags == MIDGE_NODE_IS_TREE)
    return kind == ALL && note_tree(inquiry, node);
  if (node->flags == 0)
    return kind != FREE || take_list(inquiry, node->data, node->size);
  return node->flags == MIDGE_NODE_IS_ELSEWHERE &&
         take_run(inquiry, node->below, node->size, found) &&
         (kind != FREE ||
          take_list_elsewhere(inquiry, node->below, node->size));
}

/* --- Trees --- */

/* Where in a tree: all keys are `low` or more, and below `high`; without data
 * there is no such limit. */
typedef struct midge_range {
  midge_slice low, high;
} midge_range;

static bool is_below(midge_kind kind, midge_slice a, midge_slice b) {
  if (kind == FREE) return number_of(a) < number_of(b);
  size_t size = a.size < b.size ? a.size : b.size;
  int order = memcmp(a.data, b.data, size);
  return order < 0 || (order == 0 && a.size < b.size);
}

static bool is_key(const midge_inquiry *inquiry, midge_kind kind,
                   midge_slice key) {
  if (kind != FREE) return key.size != 0 && key.size <= MIDGE_KEY_MAX;
  return key.size == sizeof(size_t) && number_of(key) <= inquiry->transaction;
}

static bool is_within(midge_kind kind, midge_slice key, midge_range range) {
  return (range.low.data == NULL || !is_below(kind, key, range.low)) &&
         (range.high.data == NULL || is_below(kind, key, range.high));
}

static bool look_at_page(midge_inquiry *inquiry, midge_kind kind, size_t number,
                         size_t depth, midge_range range, midge_tree *found);

/* The first node of a branch has no key that counts. The others are in order if
 * what is below them is: no leaf is empty. */
static bool look_at_branch(midge_inquiry *inquiry, midge_kind kind,
                           const midge_nodes *page, size_t depth,
                           midge_range range, midge_tree *found) {
  found->branches++;
  if (page->count < (kind == FREE ? 1 : 2)) return false;
  midge_range part = range;
  midge_packed_node node = midge_nodes_at(page, 0), next;
  for (size_t i = 0; i < page->count; i++, node = next) {
    part.high = range.high;
    if (i + 1 < page->count) {
      next = midge_nodes_at(page, i + 1);
      part.high = next.key;
      if (!is_key(inquiry, kind, next.key)) return false;
    }
    if (!look_at_page(inquiry, kind, node.below, depth - 1, part, found))
      return false;
    part.low = part.high;
  }
  return true;
}

static bool look_at_leaf(midge_inquiry *inquiry, midge_kind kind,
                         const midge_nodes *page, midge_range range,
                         midge_tree *found) {
  midge_packed_node before = {0};
  found->leaves++;
  for (size_t i = 0; i < page->count; i++) {
    midge_packed_node node = midge_nodes_at(page, i);
    if (!is_key(inquiry, kind, node.key) || !is_within(kind, node.key, range) ||
        (i != 0 && !is_below(kind, before.key, node.key)) ||
        !take_value(inquiry, kind, &node, found))
      return false;
    before = node;
  }
  return page->count != 0;
}

static bool look_at_page(midge_inquiry *inquiry, midge_kind kind, size_t number,
                         size_t depth, midge_range range, midge_tree *found) {
  size_t size = inquiry->page_size;
  midge_nodes page = {.bytes = inquiry->levels + (depth - 1) * size,
                      .size = size,
                      .is_leaf = depth == 1};
  if (!take_used(inquiry, number) ||
      !read_at(inquiry, number * size, inquiry->levels + (depth - 1) * size,
               size) ||
      !midge_nodes_are_packed(&page, number, inquiry->starts))
    return false;
  return depth == 1 ? look_at_leaf(inquiry, kind, &page, range, found)
                    : look_at_branch(inquiry, kind, &page, depth, range, found);
}

static bool look_at_tree(midge_inquiry *inquiry, midge_kind kind,
                         const midge_tree *tree) {
  midge_tree found = {0};
  midge_range all = {0};
  if (tree->depth == 0) return tree->root == SIZE_MAX && tree->entries == 0;
  return tree->depth <= MIDGE_DEPTH_MAX &&
         look_at_page(inquiry, kind, tree->root, tree->depth, all, &found) &&
         found.branches == tree->branches && found.leaves == tree->leaves &&
         found.elsewhere == tree->elsewhere && found.entries == tree->entries;
}

/* --- The file --- */

/* The newest of the two; false: LMDB will refuse the file by itself. */
static bool read_meta(midge_inquiry *inquiry, midge_meta *newest,
                      bool *is_right) {
  midge_meta other;
  size_t head = sizeof(midge_page_head);
  *is_right = true;
  if (!read_at(inquiry, head, newest, sizeof *newest) ||
      newest->magic != MIDGE_FILE_MAGIC || newest->format != MIDGE_FILE_FORMAT)
    return false;
  size_t size = inquiry->page_size = newest->free.page_size;
  *is_right = size >= PAGE_SIZE_MIN && size <= PAGE_SIZE_MAX &&
              (size & (size - 1)) == 0;
  if (!*is_right) return true;
  if (!read_at(inquiry, size + head, &other, sizeof other) ||
      other.magic != MIDGE_FILE_MAGIC || other.format != MIDGE_FILE_FORMAT)
    return false;
  /* Each transaction has the page of its number; at first both are 0. */
  *is_right = other.free.page_size == size && newest->transaction % 2 == 0 &&
              (other.transaction % 2 == 1 || other.transaction == 0);
  if (other.transaction > newest->transaction) *newest = other;
  return true;
}

/* So many numbers of free pages the file can hold. */
static bool is_possible(const midge_inquiry *inquiry, size_t bytes) {
  size_t limit = inquiry->pages + bytes / sizeof(size_t);
  return inquiry->pages >= METAS && inquiry->last >= METAS - 1 &&
         inquiry->last < limit && inquiry->transaction < SIZE_MAX / 2;
}

/* Each transaction but the first gives pages back, and lists them under its
 * number: else the meta page of an older one says that it were the newest. */
static bool look_at_free_pages(midge_inquiry *inquiry, const midge_meta *meta) {
  if ((meta->free.flags & ~HAS_NO_DIRECTORY) != IS_OF_NUMBERS ||
      !look_at_tree(inquiry, FREE, &meta->free) ||
      (meta->transaction > 1 && inquiry->newest_list != meta->transaction))
    return false;
  size_t missing =
      inquiry->last < inquiry->pages ? 0 : inquiry->last + 1 - inquiry->pages;
  inquiry->is_short = inquiry->missing != missing;
  return !inquiry->is_short;
}

static bool look_at_trees(midge_inquiry *inquiry, const midge_meta *meta,
                          bool records) {
  if (meta->all.flags != 0 || !look_at_tree(inquiry, ALL, &meta->all))
    return false;
  if (!inquiry->has_tree[ABOUT]) return true; /* another program's */
  if (inquiry->has_strange_tree) return false;
  for (size_t i = ABOUT; i < (records ? TREES : ABOUT + 1); i++)
    if (inquiry->has_tree[i] &&
        !look_at_tree(inquiry, OTHER, &inquiry->trees[i]))
      return false;
  return true;
}

static bool look(midge_inquiry *inquiry, size_t bytes, bool records) {
  midge_meta meta;
  bool is_right;
  if (!read_meta(inquiry, &meta, &is_right)) return inquiry->error == 0;
  if (!is_right) return false;
  inquiry->pages = bytes / inquiry->page_size;
  inquiry->last = meta.last;
  inquiry->transaction = meta.transaction;
  if (!is_possible(inquiry, bytes)) {
    inquiry->is_short = inquiry->last >= inquiry->pages;
    return false;
  }
  inquiry->is_seen = calloc(inquiry->last / 8 + 1, 1);
  inquiry->levels = malloc(MIDGE_DEPTH_MAX * inquiry->page_size);
  inquiry->starts = malloc(inquiry->page_size);
  bool has_memory = inquiry->is_seen != NULL && inquiry->levels != NULL &&
                    inquiry->starts != NULL;
  inquiry->error = has_memory ? 0 : ENOMEM;
  return has_memory && look_at_free_pages(inquiry, &meta) &&
         look_at_trees(inquiry, &meta, records);
}

int midge_pages_check(const char *name, bool records,
                      const midge_interest *interest,
                      midge_soundness *soundness) {
  struct stat found;
  midge_inquiry inquiry = {.file = open(name, MIDGE_FILE_LOOK),
                           .interest = interest};
  *soundness = MIDGE_PAGES_SOUND;
  if (inquiry.file < 0) return errno;
  inquiry.error = fstat(inquiry.file, &found) == 0 ? 0 : errno;
  bool is_sound =
      inquiry.error == 0 && look(&inquiry, (size_t)found.st_size, records);
  if (!is_sound)
    *soundness = inquiry.is_short ? MIDGE_PAGES_SHORT : MIDGE_PAGES_DAMAGED;
  close(inquiry.file);
  free(inquiry.is_seen);
  free(inquiry.levels);
  free(inquiry.starts);
  return inquiry.error;
}

midge_status midge_pages_refuse(midge_soundness soundness, const char *path,
                                midge_explanation *why) {
  if (soundness == MIDGE_PAGES_SOUND) return MIDGE_OK;
  return midge_explain(
      why, MIDGE_ESTORE, "the store", path,
      soundness == MIDGE_PAGES_SHORT
          ? " is damaged: its file was cut short; move it away, and another one"
            " is made"
          : " is damaged: the tables of its file; \"midge store export\" shows"
            " what can be read; move it away, and another one is made");
}
