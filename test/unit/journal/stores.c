#include "stores.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "unit/damage.h"

faults refused;

static char folder[64], path[80];

/* --- A system that refuses ------------------------------------------------ */

static int next(fault *of) {
  if (of->error == 0 || of->calls == 0) return 0;
  of->calls--;
  return of->error;
}

static int give(int error) {
  errno = error;
  return -1;
}

int __real_mdb_env_create(MDB_env **env);
int __wrap_mdb_env_create(MDB_env **env);
int __wrap_mdb_env_create(MDB_env **env) {
  int error = next(&refused.create);
  return error != 0 ? error : __real_mdb_env_create(env);
}

int __real_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags,
                         MDB_txn **txn);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags,
                         MDB_txn **txn);
int __wrap_mdb_txn_begin(MDB_env *env, MDB_txn *parent, unsigned flags,
                         MDB_txn **txn) {
  int error = next(&refused.begin);
  return error != 0 ? error : __real_mdb_txn_begin(env, parent, flags, txn);
}

int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn) {
  int error = next(&refused.commit);
  if (error == 0) return __real_mdb_txn_commit(txn);
  mdb_txn_abort(txn);
  return error;
}

int __real_mdb_env_sync(MDB_env *env, int force);
int __wrap_mdb_env_sync(MDB_env *env, int force);
int __wrap_mdb_env_sync(MDB_env *env, int force) {
  int error = next(&refused.sync);
  return error != 0 ? error : __real_mdb_env_sync(env, force);
}

int __real_flock(int file, int how);
int __wrap_flock(int file, int how);
int __wrap_flock(int file, int how) {
  int error = next(&refused.flock);
  return error != 0 ? give(error) : __real_flock(file, how);
}

int __real_fsync(int file);
int __wrap_fsync(int file);
int __wrap_fsync(int file) {
  int error = next(&refused.fsync);
  return error != 0 ? give(error) : __real_fsync(file);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to) {
  int error = next(&refused.rename);
  return error != 0 ? give(error) : __real_rename(from, to);
}

int __real_statfs(const char *name, struct statfs *found);
int __wrap_statfs(const char *name, struct statfs *found);
int __wrap_statfs(const char *name, struct statfs *found) {
  int error = next(&refused.statfs);
  if (error != 0) return give(error);
  int result = __real_statfs(name, found);
  if (refused.file_system != 0) found->f_type = refused.file_system;
  return result;
}

int __real_mkdir(const char *name, mode_t mode);
int __wrap_mkdir(const char *name, mode_t mode);
int __wrap_mkdir(const char *name, mode_t mode) {
  int error = next(&refused.mkdir);
  return error != 0 ? give(error) : __real_mkdir(name, mode);
}

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...) {
  const char *last = strrchr(name, '/');
  bool is_epoch = last != NULL && strcmp(last, "/epoch") == 0;
  int error = next(is_epoch ? &refused.epoch : &refused.open);
  if (error != 0) return give(error);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return __real_open(name, flags, mode);
}

ssize_t __real_pread(int file, void *into, size_t size, off_t at);
ssize_t __wrap_pread(int file, void *into, size_t size, off_t at);
ssize_t __wrap_pread(int file, void *into, size_t size, off_t at) {
  if (refused.before_read != NULL) refused.before_read(size);
  int error = next(&refused.pread);
  return error != 0 ? give(error) : __real_pread(file, into, size, at);
}

int __real_statx(int from, const char *name, int flags, unsigned mask,
                 struct statx *found);
int __wrap_statx(int from, const char *name, int flags, unsigned mask,
                 struct statx *found);
int __wrap_statx(int from, const char *name, int flags, unsigned mask,
                 struct statx *found) {
  int error = next(&refused.statx);
  if (error != 0) return give(error);
  if (refused.ageless) mask &= ~STATX_BTIME;
  int result = __real_statx(from, name, flags, mask, found);
  if (refused.ageless) found->stx_mask &= ~STATX_BTIME;
  return result;
}

ssize_t __real_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *bytes, size_t size, unsigned flags) {
  int error = next(&refused.random);
  return error != 0 ? give(error) : __real_getrandom(bytes, size, flags);
}

/* Not LMDB's: that is not linked with this. */
ssize_t __real_pwrite(int file, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t size, off_t at);
ssize_t __wrap_pwrite(int file, const void *bytes, size_t size, off_t at) {
  int error = next(&refused.pwrite);
  return error != 0 ? give(error) : __real_pwrite(file, bytes, size, at);
}

/* --- Stores --------------------------------------------------------------- */

int store_set_up(void **state) {
  (void)state;
  refused = (faults){0};
  snprintf(folder, sizeof folder, "/tmp/midge-store-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/store", folder);
  return 0;
}

int store_tear_down(void **state) {
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

const char *store_path(void) {
  return path;
}

midge_store_options store_options(void) {
  return (midge_store_options){
      .path = {(const uint8_t *)path, strlen(path)},
  };
}

midge_store *store_open(void) {
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = store_options();
  midge_status status = midge_store_open(&store, &options, &why);
  if (status != MIDGE_OK) fail_msg("%s", why.text);
  return store;
}

void expect_refused(const midge_store_options *options, midge_status status,
                    const char *words) {
  midge_store *store = NULL;
  midge_explanation why;
  assert_int_equal(midge_store_open(&store, options, &why), status);
  assert_null(store);
  if (strstr(why.text, words) == NULL) fail_msg("%s", why.text);
}

midge_waiting_record record_of(uint64_t key, const char *body) {
  midge_waiting_record record = {
      .key = key,
      .head_size = 2,
      .head = {'h', 'd'},
      .body = {(const uint8_t *)body, strlen(body)},
  };
  return record;
}

midge_waiting_record deletion_of(uint64_t key) {
  return (midge_waiting_record){.key = key};
}

void store_put(midge_store *store, uint64_t key, const char *body) {
  midge_explanation why;
  midge_waiting_record record = record_of(key, body);
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
}

void store_records(midge_store *store, midge_session *session) {
  midge_explanation why;
  midge_record record;
  while (midge_session_record(session, &record)) {
    midge_waiting_record waiting = {.key = record.key, .body = record.body};
    waiting.head_size = (uint8_t)record.head.size;
    memcpy(waiting.head, record.head.data, record.head.size);
    assert_int_equal(midge_store_write(store, &waiting, 1, &why), MIDGE_OK);
    midge_session_committed(session, record.position);
  }
}

const char *store_bodies(midge_store *store) {
  static char text[4096];
  size_t size = 0;
  midge_explanation why;
  midge_page page;
  uint64_t after = 0;
  for (;;) {
    assert_int_equal(midge_store_read(store, after, 16, &page, &why), MIDGE_OK);
    if (page.count == 0) break;
    for (size_t i = 0; i < page.count; i++) {
      const midge_record *record = &page.records[i];
      assert_true(record->key > after);
      after = record->key;
      assert_memory_equal(record->head.data, "hd", record->head.size);
      memcpy(text + size, record->body.data, record->body.size);
      size += record->body.size;
      text[size++] = ' ';
    }
    midge_page_free(&page);
  }
  midge_page_free(&page);
  text[size] = '\0';
  return text;
}

void store_damage(const char *text) {
  damage_store(path, text);
}
