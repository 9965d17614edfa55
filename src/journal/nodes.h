/* A page of nodes, a leaf or a branch of a tree, in memory: LMDB moves nodes by
 * what a page says of itself, so it has to be right in all of it. */
#ifndef MIDGE_JOURNAL_NODES_H
#define MIDGE_JOURNAL_NODES_H

#include <stdbool.h>

#include "base/slice.h"
#include "journal/file.h"

typedef struct midge_nodes {
  const uint8_t *bytes;
  size_t size;
  bool is_leaf; /* else a branch */
  size_t count; /* of nodes */
} midge_nodes;

/* Whether it is page `number`, and its nodes fill it from where it says to its
 * end, one beside the other. Then `count` is set. `starts` is room for half as
 * many bytes as the page has. */
bool midge_nodes_are_packed(midge_nodes *page, size_t number, uint8_t *starts);

typedef struct midge_packed_node {
  uint16_t flags;
  midge_slice key;
  const uint8_t *data;
  size_t size;  /* of the data, wherever it is */
  size_t below; /* the number of a page: the data's, or the next level's */
} midge_packed_node;

/* Of a page that is packed, and has more than `index` nodes. */
midge_packed_node midge_nodes_at(const midge_nodes *page, size_t index);

#endif
