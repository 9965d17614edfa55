#include "journal/pages.h"

#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* LMDB's format of files number 1, in the byte order and with the size_t of
 * the machine that wrote it: LMDB itself opens no other. */
enum {
  FORMAT = 1,
  PAGE_BRANCH = 1,
  PAGE_LEAF = 2,
  NODE_IS_ELSEWHERE = 1, /* its data has pages of its own */
  DEPTH_MAX = 32,
};

typedef struct midge_page_head {
  size_t number;
  uint16_t unused, flags;
  uint16_t lower; /* the end of the offsets of its nodes, which follow */
  uint16_t upper;
} midge_page_head;

typedef struct midge_node_head {
  uint32_t low;   /* of the page below; in a leaf the size of the data */
  uint16_t flags; /* in a branch the high part of the page below */
  uint16_t key_size;
} midge_node_head;

typedef struct midge_tree {
  uint32_t unused;
  uint16_t flags, depth;
  size_t branches, leaves, elsewhere, entries, root;
} midge_tree;

/* What the first two pages hold: each transaction writes the other one. */
typedef struct midge_meta {
  uint32_t magic, format;
  void *address;
  size_t map_size;
  midge_tree free, all;
  size_t last, transaction;
} midge_meta;

typedef struct midge_count {
  int file;
  size_t page_size;
  size_t first; /* so are the pages that count */
  size_t free;  /* so many of them are listed */
  size_t left;  /* so many pages at most are looked at: a damaged tree may
                   have no end */
} midge_count;

static bool read_at(const midge_count *count, size_t page, size_t offset,
                    void *into, size_t size) {
  off_t at = (off_t)(page * count->page_size + offset);
  return pread(count->file, into, size, at) == (ssize_t)size;
}

/* Its length, and numbers from the highest to the lowest. */
static bool count_list(midge_count *count, size_t page, size_t offset) {
  size_t length, number;
  if (!read_at(count, page, offset, &length, sizeof length)) return false;
  for (size_t i = 0; i < length; i++) {
    offset += sizeof number;
    if (!read_at(count, page, offset, &number, sizeof number)) return false;
    if (number < count->first) break;
    count->free++;
  }
  return true;
}

static bool count_node(midge_count *count, size_t page, size_t offset,
                       midge_node_head node) {
  size_t number;
  offset += sizeof node + node.key_size;
  if ((node.flags & NODE_IS_ELSEWHERE) == 0)
    return count_list(count, page, offset);
  if (!read_at(count, page, offset, &number, sizeof number)) return false;
  return count_list(count, number, sizeof(midge_page_head));
}

static size_t page_below(midge_node_head node) {
  return (size_t)(node.low | (uint64_t)node.flags << 32);
}

static bool count_tree(midge_count *count, size_t page, size_t depth) {
  midge_page_head head;
  midge_node_head node;
  uint16_t offset;
  int kind = depth == 1 ? PAGE_LEAF : PAGE_BRANCH;
  if (count->left == 0 || !read_at(count, page, 0, &head, sizeof head) ||
      head.number != page || (head.flags & kind) == 0)
    return false;
  count->left--;
  for (size_t at = sizeof head; at < head.lower; at += sizeof offset) {
    if (!read_at(count, page, at, &offset, sizeof offset) ||
        !read_at(count, page, offset, &node, sizeof node))
      return false;
    bool is_read = depth == 1 ? count_node(count, page, offset, node)
                              : count_tree(count, page_below(node), depth - 1);
    if (!is_read) return false;
  }
  return true;
}

bool midge_pages_are_free(MDB_env *env, size_t first) {
  MDB_envinfo info;
  MDB_stat stat;
  midge_meta meta;
  midge_count count = {.first = first, .left = first};
  if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
      mdb_env_get_fd(env, &count.file) != 0)
    return false;
  count.page_size = stat.ms_psize;
  if (!read_at(&count, info.me_last_txnid & 1, sizeof(midge_page_head), &meta,
               sizeof meta) ||
      meta.format != FORMAT || meta.transaction != info.me_last_txnid ||
      meta.free.depth == 0 || meta.free.depth > DEPTH_MAX)
    return false;
  return count_tree(&count, meta.free.root, meta.free.depth) &&
         count.free == meta.last + 1 - first;
}
