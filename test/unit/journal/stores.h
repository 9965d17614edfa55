/* Stores in a directory of their own, and a system that refuses what it is
 * asked for. */
#ifndef MIDGE_TEST_STORES_H
#define MIDGE_TEST_STORES_H

#include <string.h>

#include "journal/store.h"
#include "unit/harness.h"

/* The functions that fail when `error` is not 0: their next `calls` calls. */
typedef struct fault {
  int error;
  int calls;
} fault;

typedef struct faults {
  fault create, begin, commit, sync, flock, fsync, rename, statfs, mkdir, open;
  fault epoch; /* opening that file */
  fault statx, random, pread, pwrite;
  bool ageless;                     /* no file says when it was made */
  long file_system;                 /* what statfs says; 0: the truth */
  void (*before_read)(size_t size); /* is called before each pread, or null */
} faults;

extern faults refused;

/* A path that is not there yet; the same for all of one test. */
const char *store_path(void);
int store_set_up(void **state);
int store_tear_down(void **state);

midge_store_options store_options(void);
/* Opened as it must be. */
midge_store *store_open(void);
/* Cannot be opened, for this reason, which is told in these words. */
void expect_refused(const midge_store_options *options, midge_status status,
                    const char *words);

midge_waiting_record record_of(uint64_t key, const char *body);
midge_waiting_record deletion_of(uint64_t key);
void store_put(midge_store *store, uint64_t key, const char *body);
/* The bodies that are there, by key, each with a blank behind it. */
const char *store_bodies(midge_store *store);
/* What a session has recorded, and is told that it is committed. */
void store_records(midge_store *store, midge_session *session);
/* Turns a bit in the file, where `text` is. */
void store_damage(const char *text);

#endif
