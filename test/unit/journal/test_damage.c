/* Any byte of a store's file may be anything: a process that opens it, reads
 * it, writes to it and closes it is told, and never ended by a signal. What was
 * in the store is there, or its damage is told.
 *
 *   MIDGE_TEST_DAMAGE=0/1     each word of each page, in all ways
 *   MIDGE_TEST_DAMAGE=K/N     every Nth of these, from number K on
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slice.h"
#include "midge/store.h"
#include "stores.h"

enum {
  PAGE = 4096,
  KEYS = 700,
  LARGE_EACH = 40, /* one of so many records has pages of its own */
  IMAGE_MAX = 1024 * 1024,
  WORD = 2,
  SAMPLES = 500,
  PATH_ROOM = 128,
};

/* What becomes of a process with a damaged store. */
typedef enum fate {
  WHOLE,   /* all was there */
  TOLD,    /* records were set aside, or the store is not what it was */
  REFUSED, /* an error, that says what to do */
  LOST,    /* something was missing, and nobody said so */
  WRONG,   /* something else was there */
  UNSEEN,  /* refused, and a check from outside found nothing */
  FATES,
} fate;

static struct {
  uint8_t bytes[IMAGE_MAX], epoch[64];
  size_t size, epoch_size;
} image;

static const char *name_of(const char *file) {
  static char name[PATH_ROOM];
  snprintf(name, sizeof name, "%s/%s", store_path(), file);
  return name;
}

static size_t load(const char *name, uint8_t *into, size_t room) {
  int file = open(name_of(name), O_RDONLY);
  assert_true(file >= 0);
  ssize_t size = read(file, into, room);
  assert_true(size > 0 && (size_t)size < room);
  close(file);
  return (size_t)size;
}

/* The file stays the one that it is: a copy would be told. */
static void save(const char *name, const uint8_t *bytes, size_t size) {
  int file = open(name_of(name), O_WRONLY);
  assert_true(file >= 0);
  assert_int_equal(ftruncate(file, (off_t)size), 0);
  assert_int_equal(pwrite(file, bytes, size, 0), size);
  close(file);
}

/* --- A store, and the life of a process with it --- */

static bool is_gone(uint64_t key) {
  return key % 3 == 0 && key < KEYS / 2;
}

static midge_slice body_of(uint64_t key) {
  static uint8_t body[3 * PAGE];
  size_t size = key % LARGE_EACH == 0 ? 2 * PAGE + key : 60 + key % 100;
  for (size_t i = 0; i < size; i++) body[i] = (uint8_t)(key + i % 251);
  memcpy(body, &key, sizeof key);
  return (midge_slice){body, size};
}

static midge_waiting_record whole_record(uint64_t key) {
  midge_waiting_record record = record_of(key, "");
  record.body = body_of(key);
  return record;
}

static midge_status put(midge_store *store, uint64_t key) {
  midge_explanation why;
  midge_waiting_record record = whole_record(key);
  return midge_store_write(store, &record, 1, &why);
}

static midge_status drop(midge_store *store, uint64_t key) {
  midge_explanation why;
  midge_waiting_record record = deletion_of(key);
  return midge_store_write(store, &record, 1, &why);
}

static int set_up(void **state) {
  if (store_set_up(state) != 0) return -1;
  midge_store *store = store_open();
  for (uint64_t key = 1; key <= KEYS; key++)
    if (put(store, key) != MIDGE_OK) return -1;
  for (uint64_t key = 1; key <= KEYS; key++)
    if (is_gone(key) && drop(store, key) != MIDGE_OK) return -1;
  midge_store_close(store);
  image.size = load("data.mdb", image.bytes, sizeof image.bytes);
  image.epoch_size = load("epoch", image.epoch, sizeof image.epoch);
  return 0;
}

/* A key became another one between its neighbours, which nobody can see: what
 * is written under either of them meets the wrong record. */
static bool is_moved;

/* All that is there, in any order: a key is no more than a place. */
static fate read_all(midge_store *store, const bool *is_there) {
  static bool found[2 * KEYS];
  midge_page page;
  midge_explanation why;
  uint64_t after = 0, key;
  size_t damaged = 0, count;
  memset(found, 0, sizeof found);
  do {
    if (midge_store_read(store, after, PAGE, &page, &why) != MIDGE_OK)
      return why.text[0] != '\0' ? REFUSED : WRONG;
    count = page.count;
    damaged += page.damaged;
    for (size_t i = 0; i < count; i++) {
      after = page.records[i].key;
      memcpy(&key, page.records[i].body.data, sizeof key);
      if (key >= 2 * KEYS ||
          !midge_slice_equal(page.records[i].body, body_of(key)))
        return WRONG;
      is_moved |= key != after;
      found[key] = true;
    }
    midge_page_free(&page);
  } while (count != 0);
  if (damaged != 0 || midge_store_is_stale(store)) return TOLD;
  return memcmp(found, is_there, sizeof found) == 0 ? WHOLE : LOST;
}

static fate live(void) {
  static bool is_there[2 * KEYS];
  midge_store *store = NULL;
  midge_explanation why;
  midge_store_options options = store_options();
  uint64_t label;
  for (uint64_t key = 1; key <= KEYS; key++) is_there[key] = !is_gone(key);
  if (midge_store_open(&store, &options, &why) != MIDGE_OK)
    return why.text[0] != '\0' ? REFUSED : WRONG;
  midge_status status = midge_store_last_label(store, &label, &why);
  fate end = status == MIDGE_OK ? read_all(store, is_there) : REFUSED;
  for (uint64_t key = KEYS / 4; end <= TOLD && key < KEYS; key++) {
    bool is_new = key % 2 == 0;
    uint64_t changed = is_new ? key + KEYS : key;
    status = is_new ? put(store, changed) : drop(store, changed);
    is_there[changed] = is_new;
    if (status != MIDGE_OK) end = REFUSED;
  }
  fate again = end <= TOLD ? read_all(store, is_there) : end;
  if (again == LOST && is_moved) again = end;
  midge_store_close(store);
  return end == TOLD && again == LOST ? TOLD : again > end ? again : end;
}

/* Who looks from outside is told too, before. */
static fate look_and_live(void) {
  char text[256];
  midge_store_report report;
  midge_slice path = store_options().path;
  midge_status status = midge_store_check(path, &report, text, sizeof text);
  fate end = live();
  return end == REFUSED && status == MIDGE_OK && report.noticed == 0 ? UNSEEN
                                                                     : end;
}

/* --- Damage --- */

static size_t fates[FATES];

/* In a process of its own: a signal ends no more than that. */
static fate fate_of(const uint8_t *bytes, size_t size, const char *what,
                    size_t at) {
  save("data.mdb", bytes, size);
  save("epoch", image.epoch, image.epoch_size);
  int status;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(look_and_live());
  assert_int_equal(waitpid(child, &status, 0), child);
  if (!WIFEXITED(status))
    fail_msg("%s at %zu of page %zu: signal %d", what, at % PAGE, at / PAGE,
             WTERMSIG(status));
  fate end = (fate)WEXITSTATUS(status);
  if (end >= LOST)
    fail_msg("%s at %zu of page %zu: fate %d", what, at % PAGE, at / PAGE,
             (int)end);
  fates[end]++;
  return end;
}

static void expect_many_fates(void) {
  assert_true(fates[WHOLE] > 0);
  assert_true(fates[TOLD] > 0);
  assert_true(fates[REFUSED] > 0);
}

static uint16_t damaged_word(uint16_t word, size_t way) {
  static const uint16_t others[] = {0, UINT16_MAX, 2, PAGE};
  if (way < 16) return (uint16_t)(word ^ 1u << way);
  return way < 20 ? others[way - 16] : (uint16_t)(word + (way == 20 ? 1 : -1));
}

enum { WAYS = 22 };

static void damage_word(size_t at, size_t way) {
  uint16_t was, is;
  memcpy(&was, image.bytes + at, sizeof was);
  is = damaged_word(was, way);
  if (is == was) return;
  memcpy(image.bytes + at, &is, sizeof is);
  fate_of(image.bytes, image.size, "a word", at);
  memcpy(image.bytes + at, &was, sizeof was);
}

/* False: only some samples are wanted. */
static bool is_slice_wanted(size_t *first, size_t *step) {
  const char *wanted = getenv("MIDGE_TEST_DAMAGE");
  if (wanted == NULL) return false;
  if (sscanf(wanted, "%zu/%zu", first, step) != 2 || *step == 0)
    fail_msg("MIDGE_TEST_DAMAGE is K/N, such as 0/1");
  return true;
}

static void damage_a_slice(size_t words, size_t first, size_t step) {
  for (size_t i = first; i < words * WAYS; i += step)
    damage_word(i / WAYS * WORD, i % WAYS);
  printf("%zu whole, %zu told, %zu refused\n", fates[WHOLE], fates[TOLD],
         fates[REFUSED]);
}

static void a_damaged_word_ends_no_process(void **state) {
  (void)state;
  size_t words = image.size / WORD, pages = image.size / PAGE, first, step;
  memset(fates, 0, sizeof fates);
  if (is_slice_wanted(&first, &step)) {
    damage_a_slice(words, first, step);
    return;
  }
  /* Most words that matter are at the beginning of a page. */
  for (size_t i = 0; i < SAMPLES; i++) {
    size_t any = i * 2654435761u;
    size_t at = i % 4 == 0 ? any % words * WORD
                           : any % pages * PAGE + any / 4096 % 72 * WORD;
    damage_word(at, any / 512 % WAYS);
  }
  expect_many_fates();
}

static void a_file_cut_anywhere_ends_no_process(void **state) {
  (void)state;
  size_t refusals = 0;
  for (size_t size = PAGE; size < image.size; size += PAGE) {
    fate_of(image.bytes, size - PAGE / 2, "half a page", size);
    refusals += fate_of(image.bytes, size, "a cut", size) == REFUSED;
  }
  assert_true(refusals > image.size / PAGE / 2);
}

static void a_page_of_nothing_ends_no_process(void **state) {
  (void)state;
  static uint8_t page[PAGE];
  for (size_t at = 0; at < image.size; at += PAGE)
    for (int with = 0; with <= 0xff; with += 0xff) {
      memcpy(page, image.bytes + at, PAGE);
      memset(image.bytes + at, with, PAGE);
      fate_of(image.bytes, image.size, "a page of nothing", at);
      memcpy(image.bytes + at, page, PAGE);
    }
}

static void swap_pages(size_t a, size_t b) {
  static uint8_t page[PAGE];
  memcpy(page, image.bytes + a, PAGE);
  memmove(image.bytes + a, image.bytes + b, PAGE);
  memcpy(image.bytes + b, page, PAGE);
}

/* Also such that each says it were the other one. */
static void pages_in_another_order_end_no_process(void **state) {
  (void)state;
  size_t pages = image.size / PAGE, refusals = 0;
  for (size_t i = 0; i < pages; i++) {
    size_t a = i * PAGE, b = (i * 7 + 1) % pages * PAGE;
    size_t numbers[] = {a / PAGE, b / PAGE};
    if (a == b) continue;
    swap_pages(a, b);
    refusals += fate_of(image.bytes, image.size, "a swap", a) == REFUSED;
    memcpy(image.bytes + a, &numbers[0], sizeof *numbers);
    memcpy(image.bytes + b, &numbers[1], sizeof *numbers);
    fate_of(image.bytes, image.size, "a swap with its number", a);
    memcpy(image.bytes + a, &numbers[1], sizeof *numbers);
    memcpy(image.bytes + b, &numbers[0], sizeof *numbers);
    swap_pages(a, b);
  }
  assert_true(refusals > pages / 4);
}

static void two_bad_beginnings_are_refused(void **state) {
  (void)state;
  for (int with = 0; with <= 0xff; with += 0x55) {
    memset(image.bytes, with, 2 * PAGE);
    fate end = fate_of(image.bytes, image.size, "both beginnings", 0);
    assert_int_equal(end, REFUSED);
  }
}

int main(void) {
#define TEST(name) \
  cmocka_unit_test_setup_teardown(name, set_up, store_tear_down)
  const struct CMUnitTest tests[] = {
      TEST(a_damaged_word_ends_no_process),
      TEST(a_file_cut_anywhere_ends_no_process),
      TEST(a_page_of_nothing_ends_no_process),
      TEST(pages_in_another_order_end_no_process),
      TEST(two_bad_beginnings_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
