/* Power that fails. What LMDB and the journal write and sync is recorded while
 * a store for `disk` works, over several processes; then the power is cut again
 * and again in thought. Of what was not synced each sector is on the disk or is
 * not, whatever the order was. Every such disk has to open, with all that was
 * acknowledged before the cut, and with nothing that was not written.
 *
 *     unit_journal_power                  a few hundred cuts
 *     unit_journal_power --images 10000   so many
 *
 * The functions here take the place of the system's for the library, too. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/slice.h"
#include "simulate/dice.h"
#include "stores.h"

enum {
  IMAGES = 500,
  PROCESSES = 4,
  COMMITS = 24, /* of each process */
  KEYS = 40,
  CHANGES_MAX = 6, /* of a commit */
  BODY_MAX = 9000, /* so that some need pages of their own */
  SECTOR = 512,
  STATES = PROCESSES * COMMITS + 1,
};

/* --- What was done to the disk --------------------------------------------
 */

typedef enum file { DATA, EPOCH, FILES, FOLDER = FILES, NONE } file;

typedef enum deed_kind {
  WRITTEN,
  SYNCED,
  NAMED, /* the file of data got its name */
  BEGUN,
  ACKNOWLEDGED
} deed_kind;

typedef struct deed {
  deed_kind kind;
  file file;
  bool through; /* it was on the disk when the write was done */
  size_t at, size;
  uint8_t *bytes;
} deed;

static deed *deeds;
static size_t deed_count, deed_room;
static bool recording;

static deed *add_deed(deed_kind kind, file of) {
  if (deed_count == deed_room) {
    deed_room = deed_room == 0 ? 1024 : 2 * deed_room;
    deeds = realloc(deeds, deed_room * sizeof *deeds);
  }
  deeds[deed_count] = (deed){.kind = kind, .file = of};
  return &deeds[deed_count++];
}

static file file_of(int descriptor) {
  char link[64], name[256];
  if (!recording) return NONE;
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t size = readlink(link, name, sizeof name - 1);
  if (size < 0) return NONE;
  name[size] = '\0';
  if (strcmp(name, store_path()) == 0) return FOLDER;
  if (strstr(name, ".mdb") != NULL) return DATA;
  return strstr(name, "/epoch") != NULL ? EPOCH : NONE;
}

static void record(int descriptor, const void *bytes, ssize_t size, off_t at) {
  file of = file_of(descriptor);
  if (of == NONE || size <= 0) return;
  deed *it = add_deed(WRITTEN, of);
  it->through = (fcntl(descriptor, F_GETFL) & O_DSYNC) != 0;
  it->at = (size_t)at;
  it->size = (size_t)size;
  it->bytes = malloc(it->size);
  memcpy(it->bytes, bytes, it->size);
}

/* For the library to find it. */
#define TAKES_OVER __attribute__((visibility("default")))

TAKES_OVER ssize_t pwrite(int descriptor, const void *bytes, size_t size,
                          off_t at) {
  ssize_t done = syscall(SYS_pwrite64, descriptor, bytes, size, at);
  record(descriptor, bytes, done, at);
  return done;
}

TAKES_OVER ssize_t writev(int descriptor, const struct iovec *parts,
                          int count) {
  off_t at = lseek(descriptor, 0, SEEK_CUR);
  ssize_t done = syscall(SYS_writev, descriptor, parts, count);
  ssize_t left = done;
  for (int i = 0; i < count && left > 0; i++) {
    ssize_t part = (ssize_t)parts[i].iov_len;
    if (part > left) part = left;
    record(descriptor, parts[i].iov_base, part, at);
    at += part;
    left -= part;
  }
  return done;
}

static void record_sync(int descriptor) {
  file of = file_of(descriptor);
  if (of != NONE) add_deed(SYNCED, of);
}

TAKES_OVER int fdatasync(int descriptor) {
  int result = (int)syscall(SYS_fdatasync, descriptor);
  record_sync(descriptor);
  return result;
}

TAKES_OVER int fsync(int descriptor) {
  int result = (int)syscall(SYS_fsync, descriptor);
  record_sync(descriptor);
  return result;
}

TAKES_OVER int rename(const char *from, const char *to) {
  if (recording) add_deed(NAMED, FOLDER);
  return (int)syscall(SYS_rename, from, to);
}

/* --- What was done to the store --------------------------------------------
 */

/* Which version of each key there is after each commit; 0: none. */
static uint32_t states[STATES][KEYS];
static dice luck;

static size_t body_size(uint32_t version) {
  return 8 + version * UINT32_C(2654435761) % BODY_MAX;
}

static void fill_body(uint8_t *body, uint64_t key, uint32_t version) {
  size_t size = body_size(version);
  snprintf((char *)body, 9, "%03u/%04u", (unsigned)key, version % 10000);
  for (size_t i = 8; i < size; i++) body[i] = (uint8_t)(version + key + i / 7);
}

static void commit(midge_store *store, unsigned number) {
  static uint8_t bodies[CHANGES_MAX][BODY_MAX + 8];
  midge_waiting_record changes[CHANGES_MAX];
  midge_explanation why;
  size_t count = 1 + dice_roll(&luck, CHANGES_MAX);
  memcpy(states[number], states[number - 1], sizeof states[number]);
  for (size_t i = 0; i < count; i++) {
    uint32_t key = 1 + dice_roll(&luck, KEYS);
    uint32_t version = dice_roll(&luck, 3) == 0 ? 0 : number * 10 + (uint32_t)i;
    states[number][key - 1] = version;
    changes[i] = (midge_waiting_record){.key = key};
    if (version == 0) continue;
    fill_body(bodies[i], key, version);
    changes[i].head_size = 2;
    memcpy(changes[i].head, "hd", 2);
    changes[i].body = midge_slice_of(bodies[i], body_size(version));
  }
  add_deed(BEGUN, NONE)->size = number;
  midge_status status = midge_store_write(store, changes, count, &why);
  if (status != MIDGE_OK) fail_msg("commit %u: %s", number, why.text);
  add_deed(ACKNOWLEDGED, NONE)->size = number;
}

static midge_store *open_store(bool disk) {
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = store_options();
  options.disk = disk;
  midge_status status = midge_store_open(&store, &options, &why);
  if (status != MIDGE_OK) fail_msg("%s", why.text);
  return store;
}

static void work(void) {
  recording = true;
  for (unsigned process = 0; process < PROCESSES; process++) {
    midge_store *store = open_store(true);
    for (unsigned i = 1; i <= COMMITS; i++)
      commit(store, process * COMMITS + i);
    midge_store_close(store);
  }
  recording = false;
}

/* --- The disk after the cut ------------------------------------------------
 */

typedef struct image {
  uint8_t *bytes;
  size_t size, room;
} image;

static void put(image *to, size_t at, const uint8_t *bytes, size_t size) {
  if (at + size > to->room) {
    size_t room = 2 * (at + size);
    to->bytes = realloc(to->bytes, room);
    memset(to->bytes + to->room, 0, room - to->room);
    to->room = room;
  }
  memcpy(to->bytes + at, bytes, size);
  if (to->size < at + size) to->size = at + size;
}

/* Each sector of it by itself, `of` in ten thousand. */
static void put_some(image *to, const deed *from, uint32_t of) {
  size_t done = 0;
  while (done < from->size) {
    size_t size = SECTOR - (from->at + done) % SECTOR;
    if (size > from->size - done) size = from->size - done;
    if (dice_hits(&luck, of))
      put(to, from->at + done, from->bytes + done, size);
    done += size;
  }
}

/* Whether it was on the disk before deed `cut` was done. */
static bool is_safe(size_t at, size_t cut) {
  const deed *it = &deeds[at];
  if (it->through && at < cut) return true;
  for (size_t i = at + 1; i < cut; i++)
    if (deeds[i].kind == SYNCED && deeds[i].file == it->file) return true;
  return false;
}

static void make_image(image files[FILES], size_t cut) {
  static const uint32_t shares[] = {0, 1000, 5000, 5000, 9000, 10000};
  uint32_t share = shares[dice_roll(&luck, 6)];
  for (int i = 0; i < FILES; i++) {
    files[i].size = 0;
    if (files[i].room != 0) memset(files[i].bytes, 0, files[i].room);
  }
  for (size_t i = 0; i <= cut && i < deed_count; i++) {
    const deed *it = &deeds[i];
    if (it->kind != WRITTEN) continue;
    put_some(&files[it->file], it, is_safe(i, cut) ? 10000 : share);
  }
}

/* Under the name that it has then. */
static bool is_named(size_t cut) {
  for (size_t i = 0; i < cut; i++)
    if (deeds[i].kind == NAMED) return is_safe(i, cut) || dice_roll(&luck, 2);
  return false;
}

static void write_file(const char *name, const image *of) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", store_path(), name);
  remove(path);
  if (of == NULL) return;
  FILE *out = fopen(path, "w");
  assert_non_null(out);
  if (of->size != 0)
    assert_int_equal(fwrite(of->bytes, 1, of->size, out), of->size);
  fclose(out);
}

static void write_image(const image files[FILES], bool named) {
  write_file("data.mdb", named ? &files[DATA] : NULL);
  write_file("new.mdb", named ? NULL : &files[DATA]);
  write_file("epoch", &files[EPOCH]);
}

/* --- What is there then ----------------------------------------------------
 */

static void read_all(midge_store *store, uint32_t found[KEYS]) {
  static uint8_t expected[BODY_MAX + 8];
  midge_explanation why;
  midge_page page;
  uint64_t after = 0;
  size_t count;
  memset(found, 0, KEYS * sizeof *found);
  do {
    midge_status status = midge_store_read(store, after, 65536, &page, &why);
    if (status != MIDGE_OK) fail_msg("%s", why.text);
    assert_int_equal(page.damaged, 0);
    count = page.count;
    for (size_t i = 0; i < count; i++) {
      const midge_record *it = &page.records[i];
      uint32_t version = 0;
      after = it->key;
      assert_true(it->key <= KEYS && it->body.size >= 8);
      for (int j = 4; j < 8; j++)
        version = version * 10 + (it->body.data[j] - '0');
      fill_body(expected, it->key, version);
      assert_int_equal(it->body.size, body_size(version));
      assert_memory_equal(it->body.data, expected, it->body.size);
      found[it->key - 1] = version;
    }
    midge_page_free(&page);
  } while (count != 0);
}

static void check(size_t cut) {
  uint32_t found[KEYS];
  size_t first = 0, last = 0;
  for (size_t i = 0; i < cut; i++) {
    if (deeds[i].kind == BEGUN) last = deeds[i].size;
    if (deeds[i].kind == ACKNOWLEDGED) first = deeds[i].size;
  }
  midge_store *store = open_store(false);
  read_all(store, found);
  midge_store_close(store);
  for (size_t i = first; i <= last; i++)
    if (memcmp(states[i], found, sizeof found) == 0) return;
  fail_msg("cut at %zu of %zu: the store is none of %zu to %zu", cut,
           deed_count, first, last);
}

static size_t images = IMAGES;

static void a_store_survives_power_cuts(void **state) {
  (void)state;
  image files[FILES] = {{0}};
  luck.state = 1;
  work();
  for (size_t i = 0; i < images; i++) {
    /* Each deed in its turn, and then again with other luck. */
    size_t cut = i * deed_count / images;
    if (images > deed_count) cut = i % deed_count;
    make_image(files, cut);
    write_image(files, is_named(cut));
    check(cut);
  }
  printf("%zu cuts behind %zu writes and syncs\n", images, deed_count);
  for (size_t i = 0; i < deed_count; i++) free(deeds[i].bytes);
  for (int i = 0; i < FILES; i++) free(files[i].bytes);
  free(deeds);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "--images") == 0)
    images = strtoul(argv[2], NULL, 10);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_store_survives_power_cuts, store_set_up,
                                      store_tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
