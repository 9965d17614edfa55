/* Each way in which a store can be refused or fail has its name. */
#include <errno.h>
#include <lmdb.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slice.h"
#include "journal/place.h"
#include "midge/store.h"
#include "stores.h"

static void two_clients_of_one_process(void **state) {
  (void)state;
  midge_store *store = store_open();
  midge_store_options options = store_options();
  expect_refused(&options, MIDGE_ELOCKED, " is open already, in this process");
  midge_store_close(store);
  midge_store_close(store_open());
}

static void two_processes(void **state) {
  (void)state;
  int to_child[2], to_parent[2];
  char byte = 0;
  assert_int_equal(pipe(to_child) | pipe(to_parent), 0);
  pid_t child = fork();
  if (child == 0) {
    midge_store *store = store_open();
    ssize_t moved = write(to_parent[1], "o", 1);
    moved += read(to_child[0], &byte, 1);
    midge_store_close(store);
    _exit(moved == 2 ? 0 : 1);
  }
  assert_int_equal(read(to_parent[0], &byte, 1), 1);
  midge_store_options options = store_options();
  char words[64];
  snprintf(words, sizeof words, " is open already, in process %d", (int)child);
  expect_refused(&options, MIDGE_ELOCKED, words);
  assert_int_equal(write(to_child[1], "c", 1), 1);
  int result = 1;
  assert_int_equal(waitpid(child, &result, 0), child);
  assert_int_equal(result, 0);
  midge_store_close(store_open());
  close(to_child[0]), close(to_child[1]);
  close(to_parent[0]), close(to_parent[1]);
}

static void paths_that_cannot_be(void **state) {
  (void)state;
  midge_store_options options = {.path = MIDGE_NO_SLICE};
  expect_refused(&options, MIDGE_EINVAL, "path");
  options.path = (midge_slice){(const uint8_t *)"a\0b", 3};
  expect_refused(&options, MIDGE_EINVAL, "path");
  options.path = MIDGE_TEXT("/nowhere/at/all");
  expect_refused(&options, MIDGE_ESTORE,
                 "cannot make the store \"/nowhere/at/all\": No such file");
}

/* --- Something else ------------------------------------------------------- */

static void write_file(const char *name, const char *text) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void a_file_is_no_store(void **state) {
  (void)state;
  midge_store_options options = store_options();
  write_file(store_path(), "a letter");
  expect_refused(&options, MIDGE_EFOREIGN, "a file is there");
}

static const char *data_path(void) {
  static char name[128];
  snprintf(name, sizeof name, "%s/data.mdb", store_path());
  return name;
}

static void a_file_of_another_program(void **state) {
  (void)state;
  midge_store_options options = store_options();
  assert_int_equal(mkdir(store_path(), 0700), 0);
  write_file(data_path(),
             "a letter that is long enough to be looked at,"
             " and is no file of LMDB's for all that: it has no"
             " pages, no tree, and nothing that could be a key or"
             " a value, only words");
  expect_refused(&options, MIDGE_EFOREIGN, "cannot open the store");
}

static void expect_foreign_also_from_outside(void) {
  char text[256];
  midge_store_report report;
  midge_store_options options = store_options();
  expect_refused(&options, MIDGE_EFOREIGN, "; choose another path");
  assert_int_equal(midge_store_check(options.path, &report, text, sizeof text),
                   MIDGE_EFOREIGN);
  assert_non_null(strstr(text, "; choose another path"));
}

/* Nobody may ever write into the pipe. */
static void a_pipe_or_a_directory_is_no_file(void **state) {
  (void)state;
  assert_int_equal(mkdir(store_path(), 0700), 0);
  assert_int_equal(mkfifo(data_path(), 0600), 0);
  expect_foreign_also_from_outside();
  assert_int_equal(remove(data_path()), 0);
  assert_int_equal(mkdir(data_path(), 0700), 0);
  expect_foreign_also_from_outside();
}

/* A file of LMDB's in which `name` is under `key`; no name: in the main part.
 */
static void make_foreign(const char *name, const char *key, const char *text) {
  MDB_env *env;
  MDB_txn *txn;
  MDB_dbi dbi;
  MDB_val k = {strlen(key), (void *)(uintptr_t)key};
  MDB_val v = {strlen(text), (void *)(uintptr_t)text};
  assert_int_equal(mkdir(store_path(), 0700), 0);
  assert_int_equal(mdb_env_create(&env), 0);
  assert_int_equal(mdb_env_set_maxdbs(env, 2), 0);
  assert_int_equal(
      mdb_env_open(env, data_path(), MDB_NOSUBDIR | MDB_NOLOCK, 0600), 0);
  assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
  assert_int_equal(mdb_dbi_open(txn, name, name ? MDB_CREATE : 0, &dbi), 0);
  assert_int_equal(mdb_put(txn, dbi, &k, &v, 0), 0);
  assert_int_equal(mdb_txn_commit(txn), 0);
  mdb_env_close(env);
}

static void an_lmdb_file_of_another_program(void **state) {
  (void)state;
  midge_store_options options = store_options();
  make_foreign("users", "me", "x");
  expect_refused(&options, MIDGE_EFOREIGN, "was made by another program");
}

static void an_lmdb_file_with_keys_like_ours(void **state) {
  (void)state;
  midge_store_options options = store_options();
  make_foreign(NULL, "about", "x");
  expect_refused(&options, MIDGE_EFOREIGN, "was made by another program");
}

static void a_store_without_a_format(void **state) {
  (void)state;
  midge_store_options options = store_options();
  make_foreign("about", "author", "x");
  expect_refused(&options, MIDGE_EFOREIGN, "was made by another program");
}

static void a_store_of_a_newer_version(void **state) {
  (void)state;
  midge_store_options options = store_options();
  make_foreign("about", "format", "midge store 3");
  expect_refused(&options, MIDGE_EFOREIGN,
                 "has the format \"midge store 3\", which this version does");
}

static void a_file_that_was_cut_short(void **state) {
  (void)state;
  midge_store *store = store_open();
  for (uint64_t key = 1; key < 500; key++)
    store_put(store, key, "something that takes some room in the file");
  midge_store_close(store);
  midge_store_options options = store_options();
  assert_int_equal(truncate(data_path(), 3 * 4096), 0);
  expect_refused(&options, MIDGE_ESTORE, "its file was cut short");
}

static void expect_removed(midge_store *store) {
  midge_explanation why;
  midge_waiting_record record = record_of(2, "late");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_ESTORE);
    assert_non_null(strstr(why.text, "was removed while it was open; end"));
  }
  midge_store_close(store);
}

static void a_file_that_was_taken_away(void **state) {
  (void)state;
  midge_store *store = store_open();
  store_put(store, 1, "kept");
  assert_int_equal(remove(data_path()), 0);
  expect_removed(store);
  store = store_open();
  assert_true(midge_store_is_stale(store));
  assert_string_equal(store_bodies(store), "");
  midge_store_close(store);
}

/* Somebody else may have it by now. */
static void a_lock_that_was_taken_away(void **state) {
  (void)state;
  char lock[128];
  midge_store *store = store_open();
  store_put(store, 1, "kept");
  snprintf(lock, sizeof lock, "%s/lock", store_path());
  assert_int_equal(remove(lock), 0);
  midge_store *other = store_open();
  expect_removed(store);
  store_put(other, 3, "other");
  assert_string_equal(store_bodies(other), "kept other ");
  midge_store_close(other);
}

/* --- The system ----------------------------------------------------------- */

static void a_network_file_system_is_refused_unless_forced(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.file_system = 0x6969;
  expect_refused(&options, MIDGE_ENETWORK, "is on a network file system");
  options.forced = true;
  midge_store *store = NULL;
  midge_explanation why;
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  midge_store_close(store);
}

static void what_counts_as_a_network(void **state) {
  (void)state;
  assert_true(midge_place_is_remote(0xff534d42));
  assert_true(midge_place_is_remote(0xffffffffff534d42));
  assert_false(midge_place_is_remote(0xef53));     /* ext4 */
  assert_false(midge_place_is_remote(0x01021994)); /* tmpfs */
}

static void a_read_only_file_system(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.mkdir = (fault){EROFS, 1};
  expect_refused(&options, MIDGE_EREADONLY, "Read-only file system");
  midge_store_close(store_open());
  refused.open = (fault){EROFS, 1};
  expect_refused(&options, MIDGE_EREADONLY, "cannot write to the store");
  midge_store_close(store_open());
}

static void a_system_that_says_nothing_of_its_file_system(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.statfs = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "cannot look at the store");
}

static void a_file_system_without_locks(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.flock = (fault){ENOLCK, 1};
  expect_refused(&options, MIDGE_ESTORE, "cannot lock the store");
  midge_store_close(store_open());
}

static void a_system_without_memory_for_the_store(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.create = (fault){ENOMEM, 1};
  expect_refused(&options, MIDGE_ENOMEM, "cannot open the store");
  refused.begin = (fault){ENOMEM, 1};
  expect_refused(&options, MIDGE_ENOMEM, "cannot open the store");
  midge_store_close(store_open());
}

static void a_disk_that_is_full_when_the_store_is_made(void **state) {
  (void)state;
  midge_store_options options = store_options();
  refused.commit = (fault){ENOSPC, 1};
  expect_refused(&options, MIDGE_EFULL, "No space left on device");
  midge_store_close(store_open());
}

/* Whatever the fault was, the same write succeeds when it is over. */
static void a_fault_of_the_disk_is_over_when_it_is(void **state) {
  (void)state;
  static const struct {
    int error;
    midge_status status;
  } cases[] = {
      {ENOSPC, MIDGE_EFULL},     {EDQUOT, MIDGE_EFULL},
      {EFBIG, MIDGE_EFULL},      {EIO, MIDGE_ESTORE},
      {EROFS, MIDGE_EREADONLY},  {ENOMEM, MIDGE_ENOMEM},
      {MDB_PANIC, MIDGE_ESTORE},
  };
  midge_store *store = store_open();
  store_put(store, 1, "before");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    midge_explanation why;
    midge_waiting_record record = record_of(2, "after");
    refused.commit = (fault){cases[i].error, 1};
    assert_int_equal(midge_store_write(store, &record, 1, &why),
                     cases[i].status);
    assert_non_null(strstr(why.text, mdb_strerror(cases[i].error)));
    assert_string_equal(store_bodies(store), "before ");
    assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
    assert_string_equal(store_bodies(store), "before after ");
    record = deletion_of(2);
    assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  }
  midge_store_close(store);
}

static void a_store_that_cannot_be_read_yet(void **state) {
  (void)state;
  midge_page page;
  midge_explanation why;
  midge_store *store = store_open();
  store_put(store, 1, "there");
  refused.begin = (fault){EIO, 1};
  assert_int_equal(midge_store_read(store, 0, 16, &page, &why), MIDGE_ESTORE);
  assert_non_null(strstr(why.text, "cannot read the store"));
  assert_int_equal(page.count, 0);
  midge_page_free(&page);
  assert_string_equal(store_bodies(store), "there ");
  midge_store_close(store);
}

static void a_store_that_cannot_be_opened_again_yet(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = store_open();
  midge_waiting_record record = record_of(1, "late");
  refused.commit = (fault){ENOSPC, 2};
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_EFULL);
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_EFULL);
  assert_non_null(strstr(why.text, "cannot open the store"));
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  assert_string_equal(store_bodies(store), "late ");
  midge_store_close(store);
}

/* --- Power cuts ----------------------------------------------------------- */

static void the_first_commit_to_the_disk_waits_for_all_before(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = NULL;
  midge_store_options options = store_options();
  options.disk = true;
  midge_waiting_record record = record_of(1, "safe");
  refused.sync = (fault){EIO, 1};
  refused.fsync = (fault){EIO, 1};
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_ESTORE);
  assert_non_null(strstr(why.text, "cannot sync the store"));
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_ESTORE);
  assert_non_null(strstr(why.text, "cannot sync the store"));
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  assert_int_equal(refused.sync.calls + refused.fsync.calls, 0);
  assert_string_equal(store_bodies(store), "safe ");
  midge_store_close(store);
}

/* It is another file until it is whole. */
static void a_file_that_cannot_get_its_name(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = NULL;
  midge_store_options options = store_options();
  midge_waiting_record record = record_of(1, "one");
  refused.rename = (fault){EIO, 1};
  expect_refused(&options, MIDGE_ESTORE, "cannot open the store");
  options.disk = true;
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  assert_int_not_equal(access(data_path(), F_OK), 0);
  refused.rename = (fault){EIO, 1};
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_ESTORE);
  assert_non_null(strstr(why.text, "cannot sync the store"));
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  midge_store_close(store);
  store = store_open();
  assert_string_equal(store_bodies(store), "one ");
  midge_store_close(store);
}

/* The file is on the disk, and its name is not yet. */
static void a_name_that_cannot_be_synced_yet(void **state) {
  (void)state;
  midge_explanation why;
  midge_store *store = NULL;
  midge_store_options options = store_options();
  midge_waiting_record record = record_of(1, "one");
  options.disk = true;
  assert_int_equal(midge_store_open(&store, &options, &why), MIDGE_OK);
  refused.open = (fault){EMFILE, 1};
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_ESTORE);
  assert_int_equal(refused.open.calls, 0);
  assert_non_null(strstr(why.text, "cannot sync the store"));
  assert_int_equal(access(data_path(), F_OK), 0);
  assert_int_equal(midge_store_write(store, &record, 1, &why), MIDGE_OK);
  assert_string_equal(store_bodies(store), "one ");
  midge_store_close(store);
}

static void without_a_promise_for_power_cuts_nothing_is_synced(void **state) {
  (void)state;
  refused.sync = (fault){EIO, 1};
  refused.fsync = (fault){EIO, 1};
  midge_store *store = store_open();
  store_put(store, 1, "quick");
  midge_store_close(store);
  assert_int_equal(refused.sync.calls + refused.fsync.calls, 2);
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, store_set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(two_clients_of_one_process),
      TEST(two_processes),
      TEST(a_file_that_was_taken_away),
      TEST(a_lock_that_was_taken_away),
      TEST(paths_that_cannot_be),
      TEST(a_file_is_no_store),
      TEST(a_file_of_another_program),
      TEST(a_pipe_or_a_directory_is_no_file),
      TEST(an_lmdb_file_of_another_program),
      TEST(an_lmdb_file_with_keys_like_ours),
      TEST(a_store_without_a_format),
      TEST(a_store_of_a_newer_version),
      TEST(a_file_that_was_cut_short),
      TEST(a_network_file_system_is_refused_unless_forced),
      TEST(what_counts_as_a_network),
      TEST(a_read_only_file_system),
      TEST(a_system_that_says_nothing_of_its_file_system),
      TEST(a_file_system_without_locks),
      TEST(a_system_without_memory_for_the_store),
      TEST(a_disk_that_is_full_when_the_store_is_made),
      TEST(a_fault_of_the_disk_is_over_when_it_is),
      TEST(a_store_that_cannot_be_read_yet),
      TEST(a_store_that_cannot_be_opened_again_yet),
      TEST(the_first_commit_to_the_disk_waits_for_all_before),
      TEST(a_file_that_cannot_get_its_name),
      TEST(a_name_that_cannot_be_synced_yet),
      TEST(without_a_promise_for_power_cuts_nothing_is_synced),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
