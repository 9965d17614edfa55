/* LMDB's format of files number 1, in the byte order and with the size_t of the
 * machine that wrote it: LMDB itself opens no other. */
#ifndef MIDGE_JOURNAL_FILE_H
#define MIDGE_JOURNAL_FILE_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>

enum {
  MIDGE_FILE_FORMAT = 1,
  MIDGE_PAGE_BRANCH = 1,
  MIDGE_PAGE_LEAF = 2,
  MIDGE_PAGE_ELSEWHERE = 4,    /* of a value that has pages of its own */
  MIDGE_NODE_IS_ELSEWHERE = 1, /* its data has pages of its own */
  MIDGE_NODE_IS_TREE = 2,      /* its data is a tree with a name */
  MIDGE_DEPTH_MAX = 32,
  MIDGE_KEY_MAX = 511,
};

/* How it is opened to be looked at: without waiting, for it may be a pipe. */
#define MIDGE_FILE_LOOK (O_RDONLY | O_CLOEXEC | O_NONBLOCK)
#define MIDGE_FILE_MAGIC UINT32_C(0xBEEFC0DE)

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
  uint32_t page_size; /* of the file, in the tree of free pages */
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

/* How many pages follow each other from the one that has this head on. */
static inline size_t midge_page_count(midge_page_head head) {
  return (size_t)head.lower | (size_t)head.upper << 16;
}

static inline size_t midge_page_below(midge_node_head node) {
  return (size_t)(node.low | (uint64_t)node.flags << 32);
}

#endif
