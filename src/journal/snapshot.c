#include "journal/snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "journal/environment.h"
#include "journal/key.h"

enum {
  TRIES = 1000, /* to read what is written meanwhile */
  PAGE_SIZE_MIN = 512,
  PAGE_SIZE_MAX = 65536,
};

/* --- The file --- */

static bool read_at(midge_snapshot *snapshot, size_t at, void *into,
                    size_t size) {
  ssize_t read = pread(snapshot->file, into, size, (off_t)at);
  if (read < 0) snapshot->error = errno;
  return read == (ssize_t)size;
}

/* Twice, as it may be written in between: MIDGE_ELOCKED. */
static midge_status read_meta(midge_snapshot *snapshot, size_t page,
                              midge_meta *meta) {
  midge_meta again;
  size_t at = page * snapshot->page_size + sizeof(midge_page_head);
  if (!read_at(snapshot, at, meta, sizeof *meta) ||
      !read_at(snapshot, at, &again, sizeof again) ||
      meta->magic != MIDGE_FILE_MAGIC || meta->format != MIDGE_FILE_FORMAT)
    return MIDGE_ESTORE;
  return memcmp(meta, &again, sizeof again) == 0 ? MIDGE_OK : MIDGE_ELOCKED;
}

static midge_status look(midge_snapshot *snapshot, midge_meta *newest) {
  midge_meta other;
  midge_status status = read_meta(snapshot, 0, newest);
  if (status == MIDGE_OK) status = read_meta(snapshot, 1, &other);
  if (status == MIDGE_OK && other.transaction > newest->transaction)
    *newest = other;
  return status;
}

static bool is_still_there(midge_snapshot *snapshot, size_t transaction) {
  midge_meta newest;
  return look(snapshot, &newest) == MIDGE_OK &&
         newest.transaction - transaction <= 1;
}

/* --- Pages --- */

/* A page of nodes, in their order. */
static bool read_page(midge_snapshot *snapshot, size_t number, uint8_t *page,
                      midge_page_head *head) {
  size_t size = snapshot->page_size;
  if (number > snapshot->meta.last) return false;
  if (!read_at(snapshot, number * size, page, size)) return false;
  memcpy(head, page, sizeof *head);
  return head->number == number && head->lower >= sizeof *head &&
         head->lower <= size && head->lower % 2 == 0;
}

typedef struct midge_node {
  midge_node_head head;
  midge_slice key;
  const uint8_t *data;
} midge_node;

static bool read_node(midge_snapshot *snapshot, const uint8_t *page, size_t at,
                      midge_node *node) {
  uint16_t offset;
  memcpy(&offset, page + at, sizeof offset);
  size_t end = (size_t)offset + sizeof node->head;
  if (end > snapshot->page_size) return false;
  memcpy(&node->head, page + offset, sizeof node->head);
  node->key = midge_slice_of(page + end, node->head.key_size);
  node->data = node->key.data + node->key.size;
  return end + node->key.size <= snapshot->page_size;
}

/* What a leaf holds of the node's data: all, or the number of its page. */
static bool holds(midge_snapshot *snapshot, const uint8_t *page,
                  const midge_node *node, size_t size) {
  return (size_t)(node->data - page) + size <= snapshot->page_size;
}

static int compare(midge_slice a, midge_slice b) {
  size_t size = a.size < b.size ? a.size : b.size;
  int order = memcmp(a.data, b.data, size);
  return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* --- Trees --- */

/* A leaf that may have `key`; if it has none as high, the next one's first is
 * not below `beyond`. */
typedef struct midge_search {
  midge_slice key;
  midge_page_head head;
  bool is_last;
  uint64_t beyond;
} midge_search;

/* In a branch: the last of its nodes that is not above; the first one has no
 * key, and is below all. */
static bool choose(midge_snapshot *snapshot, const uint8_t *page,
                   midge_search *search, size_t *below) {
  midge_node node;
  for (size_t at = sizeof search->head; at < search->head.lower; at += 2) {
    if (!read_node(snapshot, page, at, &node)) return false;
    if (at != sizeof search->head && compare(node.key, search->key) > 0) {
      MDB_val key = {node.key.size, (void *)(uintptr_t)node.key.data};
      search->is_last = false;
      search->beyond = midge_store_key_number(key);
      break;
    }
    *below = midge_page_below(node.head);
  }
  return search->head.lower > sizeof search->head;
}

static bool find_leaf(midge_snapshot *snapshot, const midge_tree *tree,
                      midge_search *search, uint8_t *page) {
  size_t number = tree->root;
  if (tree->depth > MIDGE_DEPTH_MAX) return false;
  search->is_last = true;
  for (size_t depth = tree->depth; depth > 1; depth--)
    if (!read_page(snapshot, number, page, &search->head) ||
        (search->head.flags & MIDGE_PAGE_BRANCH) == 0 ||
        !choose(snapshot, page, search, &number))
      return false;
  return read_page(snapshot, number, page, &search->head) &&
         (search->head.flags & MIDGE_PAGE_LEAF) != 0;
}

/* The first node of the leaf that is not below the key; `at` is its end if
 * there is none. */
static bool find_node(midge_snapshot *snapshot, const midge_search *search,
                      const uint8_t *page, size_t *at, midge_node *node) {
  for (*at = sizeof search->head; *at < search->head.lower; *at += 2) {
    if (!read_node(snapshot, page, *at, node)) return false;
    if (compare(node->key, search->key) >= 0) return true;
  }
  return true;
}

/* Of a small value that must be there. */
static bool find_value(midge_snapshot *snapshot, const midge_tree *tree,
                       const char *name, uint8_t *page, midge_slice *value) {
  midge_search search = {.key = midge_slice_text(name)};
  midge_node node = {0};
  size_t at;
  if (tree->depth == 0 || !find_leaf(snapshot, tree, &search, page) ||
      !find_node(snapshot, &search, page, &at, &node) ||
      at == search.head.lower || compare(node.key, search.key) != 0 ||
      (node.head.flags & MIDGE_NODE_IS_ELSEWHERE) != 0 ||
      !holds(snapshot, page, &node, node.head.low))
    return false;
  *value = midge_slice_of(node.data, node.head.low);
  return true;
}

static bool find_tree(midge_snapshot *snapshot, const char *name, uint8_t *page,
                      midge_tree *tree) {
  midge_slice value;
  if (!find_value(snapshot, &snapshot->meta.all, name, page, &value) ||
      value.size != sizeof *tree)
    return false;
  memcpy(tree, value.data, sizeof *tree);
  return true;
}

/* --- What the file is --- */

static midge_status explain(midge_snapshot *snapshot, midge_status status,
                            midge_explanation *why) {
  const char *more = "";
  if (snapshot->error != 0)
    return midge_explain_error(why, snapshot->error, "cannot read the store",
                               snapshot->path);
  switch (status) {
    case MIDGE_ELOCKED:
      more =
          " is written faster than it can be read: try again when its client"
          " has less to do";
      break;
    case MIDGE_EFOREIGN:
      more = " was made by another program, or by another version";
      break;
    case MIDGE_ESTORE:
      more =
          " is damaged: the tables of its file; move it away, and another one"
          " is made";
      break;
    default:
      return status;
  }
  return midge_explain(why, status, "the store", snapshot->path, more);
}

/* What a look at the file comes to. */
typedef midge_status midge_look(midge_snapshot *snapshot, void *context);

/* Tries until the file stood still for as long as a look took. */
static midge_status try_until_still(midge_snapshot *snapshot, midge_look *one,
                                    void *context, midge_explanation *why) {
  midge_status status = MIDGE_ESTORE;
  for (int i = 0; i < TRIES; i++) {
    snapshot->error = 0;
    status = look(snapshot, &snapshot->meta);
    if (snapshot->error != 0) break;
    if (status != MIDGE_OK) continue;
    size_t transaction = snapshot->meta.transaction;
    midge_status found = one(snapshot, context);
    status = MIDGE_ELOCKED;
    if (snapshot->error != 0) break;
    if (is_still_there(snapshot, transaction))
      return explain(snapshot, found, why);
  }
  return explain(snapshot, status, why);
}

static midge_status look_at_format(midge_snapshot *snapshot, void *context) {
  uint8_t *page = context;
  midge_tree about;
  midge_slice format;
  return find_tree(snapshot, "about", page, &about) &&
                 find_value(snapshot, &about, "format", page, &format) &&
                 midge_environment_knows(format)
             ? MIDGE_OK
             : MIDGE_EFOREIGN;
}

static midge_status check_format(midge_snapshot *snapshot,
                                 midge_explanation *why) {
  uint8_t *page = malloc(snapshot->page_size);
  if (page == NULL) return MIDGE_ENOMEM;
  midge_status status = try_until_still(snapshot, look_at_format, page, why);
  free(page);
  return status;
}

midge_status midge_snapshot_open(midge_snapshot *snapshot, const char *path,
                                 const char *data, midge_explanation *why) {
  midge_meta first;
  *snapshot = (midge_snapshot){.path = path};
  snapshot->file = open(data, MIDGE_FILE_LOOK);
  if (snapshot->file < 0 && (errno == ENOENT || errno == ENOTDIR))
    return midge_explain(why, MIDGE_EFOREIGN, "there is no store in", path, "");
  if (snapshot->file < 0)
    return midge_explain_error(why, errno, "cannot read the store", path);
  if (!read_at(snapshot, sizeof(midge_page_head), &first, sizeof first) ||
      first.magic != MIDGE_FILE_MAGIC)
    return explain(snapshot, MIDGE_EFOREIGN, why);
  snapshot->page_size = first.free.page_size;
  if (snapshot->page_size < PAGE_SIZE_MIN ||
      snapshot->page_size > PAGE_SIZE_MAX)
    return explain(snapshot, MIDGE_ESTORE, why);
  return check_format(snapshot, why);
}

void midge_snapshot_close(midge_snapshot *snapshot) {
  if (snapshot->file >= 0) close(snapshot->file);
  snapshot->file = -1;
}

/* --- How large it is --- */

static size_t pages_of(const midge_tree *tree) {
  return tree->branches + tree->leaves + tree->elsewhere;
}

static midge_status count_pages(midge_snapshot *snapshot, void *context) {
  static const char *const names[] = {"about", "records", "damaged"};
  size_t *pages = context;
  midge_tree tree;
  uint8_t *page = malloc(snapshot->page_size);
  if (page == NULL) return MIDGE_ENOMEM;
  *pages = 2 + pages_of(&snapshot->meta.free) + pages_of(&snapshot->meta.all);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (find_tree(snapshot, names[i], page, &tree)) *pages += pages_of(&tree);
  free(page);
  return MIDGE_OK;
}

midge_status midge_snapshot_size(midge_snapshot *snapshot, uint64_t *used,
                                 uint64_t *all, midge_explanation *why) {
  size_t pages = 0;
  midge_status status = try_until_still(snapshot, count_pages, &pages, why);
  *used = (uint64_t)pages * snapshot->page_size;
  *all = (uint64_t)(snapshot->meta.last + 1) * snapshot->page_size;
  return status;
}

bool midge_snapshot_is_there(midge_snapshot *snapshot) {
  return is_still_there(snapshot, snapshot->meta.transaction);
}

/* --- Scans --- */

void midge_scan_begin(midge_scan *scan, midge_snapshot *snapshot,
                      const char *database, uint64_t first) {
  *scan =
      (midge_scan){.snapshot = snapshot, .database = database, .next = first};
}

void midge_scan_free(midge_scan *scan) {
  free(scan->leaf);
  free(scan->large);
  scan->leaf = scan->large = NULL;
}

void midge_scan_skip(midge_scan *scan, uint64_t key) {
  scan->next = key;
  scan->at = scan->end = 0;
}

/* The leaf in which the next record is, and where. */
static midge_status load_leaf(midge_snapshot *snapshot, void *context) {
  midge_scan *scan = context;
  uint8_t room[MIDGE_STORE_KEY_SIZE];
  uint64_t next = scan->next;
  midge_node node;
  midge_tree tree;
  midge_search search;
  midge_scan_skip(scan, next);
  scan->transaction = snapshot->meta.transaction;
  if (!find_tree(snapshot, scan->database, scan->leaf, &tree))
    return MIDGE_ESTORE;
  scan->ended = tree.depth == 0;
  while (!scan->ended && scan->at == scan->end) {
    MDB_val key = midge_store_key(room, next);
    search = (midge_search){.key = {key.mv_data, key.mv_size}};
    if (!find_leaf(snapshot, &tree, &search, scan->leaf) ||
        !find_node(snapshot, &search, scan->leaf, &scan->at, &node) ||
        (!search.is_last && search.beyond <= next))
      return MIDGE_ESTORE;
    scan->end = search.head.lower;
    scan->ended = scan->at == scan->end && search.is_last;
    next = search.beyond;
  }
  return MIDGE_OK;
}

static midge_status find_more(midge_scan *scan, midge_explanation *why) {
  if (scan->leaf == NULL) scan->leaf = malloc(scan->snapshot->page_size);
  if (scan->leaf == NULL) return MIDGE_ENOMEM;
  return try_until_still(scan->snapshot, load_leaf, scan, why);
}

/* Its pages, behind their head. */
static midge_status read_large(midge_scan *scan, const midge_node *node,
                               size_t size) {
  midge_snapshot *snapshot = scan->snapshot;
  size_t number;
  memcpy(&number, node->data, sizeof number);
  if (number > snapshot->meta.last ||
      size / snapshot->page_size > snapshot->meta.last - number)
    return MIDGE_ESTORE;
  free(scan->large);
  scan->large = malloc(size);
  if (scan->large == NULL) return MIDGE_ENOMEM;
  size_t at = number * snapshot->page_size + sizeof(midge_page_head);
  return read_at(snapshot, at, scan->large, size) ? MIDGE_OK : MIDGE_ESTORE;
}

/* Where it lies, or a copy until the next one. */
static midge_status read_value(midge_scan *scan, const uint8_t *page,
                               const midge_node *node, midge_slice *value) {
  bool is_elsewhere = (node->head.flags & MIDGE_NODE_IS_ELSEWHERE) != 0;
  size_t size = node->head.low;
  if (!holds(scan->snapshot, page, node, is_elsewhere ? sizeof size : size))
    return MIDGE_ESTORE;
  *value = midge_slice_of(node->data, size);
  if (!is_elsewhere) return MIDGE_OK;
  midge_status status = read_large(scan, node, size);
  value->data = scan->large;
  return status;
}

static uint64_t number_of(const midge_node *node) {
  MDB_val key = {node->key.size, (void *)(uintptr_t)node->key.data};
  return midge_store_key_number(key);
}

/* The node at which the scan stands. */
static midge_status read_record(midge_scan *scan, midge_scanned *scanned) {
  midge_node node;
  if (!read_node(scan->snapshot, scan->leaf, scan->at, &node) ||
      node.key.size != MIDGE_STORE_KEY_SIZE)
    return MIDGE_ESTORE;
  scanned->key = number_of(&node);
  if (scanned->key < scan->next) return MIDGE_ESTORE;
  return read_value(scan, scan->leaf, &node, &scanned->value);
}

static void step(midge_scan *scan, uint64_t key) {
  scan->next = key + 1;
  scan->ended = key == UINT64_MAX;
  scan->at += sizeof(uint16_t);
}

midge_status midge_scan_next(midge_scan *scan, midge_scanned *scanned,
                             midge_explanation *why) {
  midge_snapshot *snapshot = scan->snapshot;
  for (int i = 0; i < TRIES; i++) {
    midge_status status = MIDGE_OK;
    *scanned = (midge_scanned){0};
    if (scan->at == scan->end && !scan->ended) status = find_more(scan, why);
    if (status != MIDGE_OK || scan->ended) return status;
    scanned->is_there = true;
    status = read_record(scan, scanned);
    bool is_large = scanned->value.data == scan->large && scan->large != NULL;
    if (is_large && !is_still_there(snapshot, scan->transaction)) {
      midge_scan_skip(scan, scan->next);
      continue; /* to be looked for again */
    }
    if (status == MIDGE_ESTORE) return explain(snapshot, MIDGE_ESTORE, why);
    step(scan, scanned->key);
    return status;
  }
  return explain(snapshot, MIDGE_ELOCKED, why);
}

/* --- From the end --- */

typedef struct midge_descent {
  midge_scan scan; /* for what has pages of its own */
  uint64_t end;
  midge_find *find;
  void *context;
  uint8_t *levels; /* a page for each level of the tree */
  size_t left;     /* so many pages at most are read: a damaged tree may have no
                      end */
  bool is_over;
} midge_descent;

static midge_status show(midge_descent *descent, const uint8_t *page,
                         const midge_node *node) {
  midge_slice value;
  midge_status status = read_value(&descent->scan, page, node, &value);
  if (status == MIDGE_OK)
    descent->is_over = descent->find(number_of(node), value, descent->context);
  return status;
}

static midge_status look_back(midge_descent *descent, size_t number,
                              size_t depth) {
  midge_snapshot *snapshot = descent->scan.snapshot;
  uint8_t *page = descent->levels + (depth - 1) * snapshot->page_size;
  midge_page_head head;
  midge_node node;
  int kind = depth == 1 ? MIDGE_PAGE_LEAF : MIDGE_PAGE_BRANCH;
  if (descent->left-- == 0 || !read_page(snapshot, number, page, &head) ||
      (head.flags & kind) == 0)
    return MIDGE_ESTORE;
  for (size_t at = head.lower; at > sizeof head && !descent->is_over;) {
    at -= sizeof(uint16_t);
    if (!read_node(snapshot, page, at, &node)) return MIDGE_ESTORE;
    bool has_key = depth == 1 || at > sizeof head;
    if (has_key && node.key.size != MIDGE_STORE_KEY_SIZE) return MIDGE_ESTORE;
    if (has_key && number_of(&node) >= descent->end) continue;
    midge_status status =
        depth == 1 ? show(descent, page, &node)
                   : look_back(descent, midge_page_below(node.head), depth - 1);
    if (status != MIDGE_OK) return status;
  }
  return MIDGE_OK;
}

static midge_status look_back_in_tree(midge_snapshot *snapshot, void *context) {
  midge_descent *descent = context;
  midge_tree tree;
  if (!find_tree(snapshot, descent->scan.database, descent->levels, &tree) ||
      tree.depth > MIDGE_DEPTH_MAX)
    return MIDGE_ESTORE;
  descent->left = snapshot->meta.last;
  descent->is_over = false;
  return tree.depth == 0 ? MIDGE_OK : look_back(descent, tree.root, tree.depth);
}

midge_status midge_snapshot_last(midge_snapshot *snapshot, const char *database,
                                 uint64_t end, midge_find *find, void *context,
                                 midge_explanation *why) {
  midge_descent descent = {.end = end, .find = find, .context = context};
  midge_scan_begin(&descent.scan, snapshot, database, 0);
  descent.levels = malloc(MIDGE_DEPTH_MAX * snapshot->page_size);
  if (descent.levels == NULL) return MIDGE_ENOMEM;
  midge_status status =
      try_until_still(snapshot, look_back_in_tree, &descent, why);
  midge_scan_free(&descent.scan);
  free(descent.levels);
  return status;
}
