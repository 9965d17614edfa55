#include "journal/nodes.h"

#include <string.h>

/* What a node takes of its page: an even number of bytes. */
static size_t size_of(const midge_nodes *page, midge_node_head head) {
  size_t size = sizeof head + head.key_size;
  if (page->is_leaf)
    size +=
        (head.flags & MIDGE_NODE_IS_ELSEWHERE) != 0 ? sizeof(size_t) : head.low;
  return size + size % 2;
}

/* Notes where nodes start, and how many do. False: they are no row. */
static bool walk(const midge_nodes *page, size_t at, size_t *count,
                 uint8_t *starts) {
  midge_node_head head;
  memset(starts, 0, page->size / 2);
  for (*count = 0; at < page->size; (*count)++) {
    if (page->size - at < sizeof head) return false;
    memcpy(&head, page->bytes + at, sizeof head);
    if (size_of(page, head) > page->size - at) return false;
    starts[at / 2] = 1;
    at += size_of(page, head);
  }
  return true;
}

static uint16_t offset_of(const midge_nodes *page, size_t index) {
  uint16_t offset;
  memcpy(&offset, page->bytes + sizeof(midge_page_head) + index * sizeof offset,
         sizeof offset);
  return offset;
}

bool midge_nodes_are_packed(midge_nodes *page, size_t number, uint8_t *starts) {
  midge_page_head head;
  size_t count;
  memcpy(&head, page->bytes, sizeof head);
  if (head.number != number ||
      head.flags != (page->is_leaf ? MIDGE_PAGE_LEAF : MIDGE_PAGE_BRANCH) ||
      head.lower < sizeof head || head.lower > head.upper ||
      head.upper > page->size || head.lower % 2 != 0 || head.upper % 2 != 0)
    return false;
  page->count = (head.lower - sizeof head) / sizeof(uint16_t);
  if (!walk(page, head.upper, &count, starts) || count != page->count)
    return false;
  for (size_t i = 0; i < count; i++) {
    uint16_t offset = offset_of(page, i);
    if (offset % 2 != 0 || offset >= page->size || starts[offset / 2] == 0)
      return false;
    starts[offset / 2] = 0;
  }
  return true;
}

midge_packed_node midge_nodes_at(const midge_nodes *page, size_t index) {
  midge_node_head head;
  const uint8_t *at = page->bytes + offset_of(page, index);
  memcpy(&head, at, sizeof head);
  midge_packed_node node = {
      .flags = head.flags,
      .key = {at + sizeof head, head.key_size},
      .data = at + sizeof head + head.key_size,
      .size = head.low,
      .below = midge_page_below(head),
  };
  if (page->is_leaf && (head.flags & MIDGE_NODE_IS_ELSEWHERE) != 0)
    memcpy(&node.below, node.data, sizeof node.below);
  return node;
}
