#include "journal/pages.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "journal/file.h"

typedef struct midge_count {
  int file;
  size_t page_size;
  size_t first; /* so are the pages that count */
  size_t free;  /* so many of them are listed */
  int error;    /* of the system: why something could not be read */
  size_t left;  /* so many pages at most are looked at: a damaged tree may
                   have no end */
} midge_count;

static bool read_at(midge_count *count, size_t page, size_t offset, void *into,
                    size_t size) {
  off_t at = (off_t)(page * count->page_size + offset);
  ssize_t read = pread(count->file, into, size, at);
  if (read < 0) count->error = errno;
  return read == (ssize_t)size;
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
  if ((node.flags & MIDGE_NODE_IS_ELSEWHERE) == 0)
    return count_list(count, page, offset);
  if (!read_at(count, page, offset, &number, sizeof number)) return false;
  return count_list(count, number, sizeof(midge_page_head));
}

static bool count_tree(midge_count *count, size_t page, size_t depth) {
  midge_page_head head;
  midge_node_head node;
  uint16_t offset;
  int kind = depth == 1 ? MIDGE_PAGE_LEAF : MIDGE_PAGE_BRANCH;
  if (count->left == 0 || !read_at(count, page, 0, &head, sizeof head) ||
      head.number != page || (head.flags & kind) == 0)
    return false;
  count->left--;
  for (size_t at = sizeof head; at < head.lower; at += sizeof offset) {
    if (!read_at(count, page, at, &offset, sizeof offset) ||
        !read_at(count, page, offset, &node, sizeof node))
      return false;
    bool is_read = depth == 1
                       ? count_node(count, page, offset, node)
                       : count_tree(count, midge_page_below(node), depth - 1);
    if (!is_read) return false;
  }
  return true;
}

static bool count_free(midge_count *count, MDB_env *env) {
  MDB_envinfo info;
  MDB_stat stat;
  midge_meta meta;
  if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 ||
      mdb_env_get_fd(env, &count->file) != 0)
    return false;
  count->page_size = stat.ms_psize;
  if (!read_at(count, info.me_last_txnid & 1, sizeof(midge_page_head), &meta,
               sizeof meta) ||
      meta.format != MIDGE_FILE_FORMAT ||
      meta.transaction != info.me_last_txnid || meta.free.depth == 0 ||
      meta.free.depth > MIDGE_DEPTH_MAX)
    return false;
  return count_tree(count, meta.free.root, meta.free.depth) &&
         count->free == meta.last + 1 - count->first;
}

int midge_pages_are_free(MDB_env *env, size_t first, bool *are_free) {
  midge_count count = {.first = first, .left = first};
  *are_free = count_free(&count, env);
  return count.error;
}
