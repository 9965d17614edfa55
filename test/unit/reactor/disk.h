/* A directory for a store, and a disk that is slow or refuses to write. */
#ifndef MIDGE_TEST_DISK_H
#define MIDGE_TEST_DISK_H

#include "midge/types.h"

/* A directory that is not there yet, the same for all of one test. */
int disk_set_up(void **state);
int disk_tear_down(void **state);
midge_slice disk_path(void);

/* Commits wait from now on, or no longer. */
void disk_hold(bool held);
/* Commits fail with this error from now on; 0: no longer. */
void disk_refuse(int error);
/* The same for looks at the file outside of LMDB, which are counted from then
 * on; and waits for one that has to wait. */
void disk_hold_reads(bool held);
void disk_await_read(void);
size_t disk_reads(void);
/* Turns a bit wherever `text` is in the store's file. */
void disk_damage(const char *text);
/* A table is damaged that is not looked at before records are read. */
void disk_damage_tables(void);

#endif
