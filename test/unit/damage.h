/* Damage to a store's file, as of a disk that forgets. */
#ifndef MIDGE_TEST_DAMAGE_H
#define MIDGE_TEST_DAMAGE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/harness.h"

/* Turns a bit wherever `text` is in the data of the store at `path`. */
static inline void damage_store(const char *path, const char *text) {
  char name[128];
  struct stat found;
  snprintf(name, sizeof name, "%s/data.mdb", path);
  int file = open(name, O_RDWR);
  assert_true(file >= 0);
  assert_int_equal(fstat(file, &found), 0);
  uint8_t *bytes = malloc((size_t)found.st_size);
  assert_int_equal(pread(file, bytes, (size_t)found.st_size, 0), found.st_size);
  size_t times = 0;
  for (off_t at = 0; at + (off_t)strlen(text) <= found.st_size; at++) {
    if (memcmp(bytes + at, text, strlen(text)) != 0) continue;
    uint8_t turned = bytes[at] ^ 4;
    assert_int_equal(pwrite(file, &turned, 1, at), 1);
    times++;
  }
  assert_true(times > 0);
  free(bytes);
  close(file);
}

#endif
