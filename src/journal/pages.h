/* The pages that LMDB's file has, as they lie in it. */
#ifndef MIDGE_JOURNAL_PAGES_H
#define MIDGE_JOURNAL_PAGES_H

#include <lmdb.h>
#include <stdbool.h>
#include <stddef.h>

/* Whether LMDB counts each page from number `first` on, to the last that it
 * ever took, among the free ones. Then the file may well end before `first`:
 * a page that one transaction takes and gives back is counted, and never
 * written. It reads the file and not the map, in which a page that is missing
 * would end the process. False also if the list of free pages is damaged.
 * Returns 0, or an error of the system: the file cannot be read. */
int midge_pages_are_free(MDB_env *env, size_t first, bool *are_free);

#endif
