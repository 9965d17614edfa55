#include "disk.h"

#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/file.h"
#include "unit/damage.h"

static char folder[64], path[80];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool held, holds_reads;
static size_t reads;
static int refusal;

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn) {
  pthread_mutex_lock(&mutex);
  while (held) pthread_cond_wait(&changed, &mutex);
  int error = refusal;
  pthread_mutex_unlock(&mutex);
  if (error == 0) return __real_mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return error;
}

void disk_hold(bool on) {
  pthread_mutex_lock(&mutex);
  held = on;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

void disk_refuse(int error) {
  pthread_mutex_lock(&mutex);
  refusal = error;
  pthread_mutex_unlock(&mutex);
}

ssize_t __real_pread(int file, void *into, size_t size, off_t at);
ssize_t __wrap_pread(int file, void *into, size_t size, off_t at);
ssize_t __wrap_pread(int file, void *into, size_t size, off_t at) {
  pthread_mutex_lock(&mutex);
  reads++;
  pthread_cond_broadcast(&changed);
  while (holds_reads) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
  return __real_pread(file, into, size, at);
}

void disk_hold_reads(bool on) {
  pthread_mutex_lock(&mutex);
  holds_reads = on;
  if (on) reads = 0;
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&mutex);
}

void disk_await_read(void) {
  pthread_mutex_lock(&mutex);
  while (reads == 0) pthread_cond_wait(&changed, &mutex);
  pthread_mutex_unlock(&mutex);
}

size_t disk_reads(void) {
  pthread_mutex_lock(&mutex);
  size_t count = reads;
  pthread_mutex_unlock(&mutex);
  return count;
}

int disk_set_up(void **state) {
  (void)state;
  disk_hold(false);
  disk_hold_reads(false);
  disk_refuse(0);
  snprintf(folder, sizeof folder, "/tmp/midge-disk-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/store", folder);
  return 0;
}

int disk_tear_down(void **state) {
  (void)state;
  char name[128];
  static const char *const files[] = {"/store/data.mdb", "/store/lock",
                                      "/store/epoch", "/store", ""};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    snprintf(name, sizeof name, "%s%s", folder, files[i]);
    remove(name);
  }
  return access(folder, F_OK) == 0 ? -1 : 0;
}

midge_slice disk_path(void) {
  return (midge_slice){(const uint8_t *)path, strlen(path)};
}

void disk_damage(const char *text) {
  damage_store(path, text);
}

/* In the newest table of tables the number of records stands behind their
 * name. */
void disk_damage_tables(void) {
  enum { PAGE = 4096 };
  static const char records[] = "records";
  char name[128];
  uint8_t page[PAGE];
  midge_meta metas[2];
  snprintf(name, sizeof name, "%s/data.mdb", path);
  int file = open(name, O_RDWR);
  for (off_t i = 0; i < 2; i++)
    assert_true(pread(file, &metas[i], sizeof *metas,
                      i * PAGE + (off_t)sizeof(midge_page_head)) > 0);
  size_t newest = metas[1].transaction > metas[0].transaction;
  off_t at = (off_t)metas[newest].all.root * PAGE;
  assert_int_equal(pread(file, page, PAGE, at), PAGE);
  uint8_t *found = memmem(page, PAGE, records, sizeof records - 1);
  assert_non_null(found);
  found += sizeof records - 1 + offsetof(midge_tree, entries);
  *found ^= 4;
  assert_int_equal(pwrite(file, found, 1, at + (found - page)), 1);
  close(file);
}
