/* Calls about files, for the whole process: LMDB's come here too. Nothing waits
 * for a disk, which is no part of what is tried. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "below.h"
#include "strike.h"

enum {
  ONE_EIO = 1 << STRIKE_EIO,
  CHANGES = 1 << STRIKE_EIO | 1 << STRIKE_READ_ONLY | 1 << STRIKE_DONE,
  WRITES = CHANGES | 1 << STRIKE_FULL,
  SYNCS = 1 << STRIKE_EIO | 1 << STRIKE_FULL,
};

/* What a call that was done says when it was `struck`. */
static ssize_t say(int struck, ssize_t result) {
  return struck == STRUCK_DONE && result >= 0 ? refuse(EIO) : result;
}

/* A call that is refused when it is struck, with `error` if all are. */
#define CALL(name, error, kinds, parameters, arguments) \
  EXPORTED int name parameters {                        \
    BELOW(name);                                        \
    int struck = strike_file(#name, error, kinds);      \
    if (struck > 0) return refuse(struck);              \
    return (int)say(struck, real arguments);            \
  }

CALL(ftruncate, ENOSPC, CHANGES, (int file, off_t size), (file, size))
CALL(mkdir, EACCES, WRITES, (const char *path, mode_t mode), (path, mode))
CALL(rename, EIO, WRITES, (const char *from, const char *to), (from, to))
CALL(unlink, EIO, CHANGES, (const char *path), (path))
CALL(access, EIO, ONE_EIO, (const char *path, int how), (path, how))
CALL(stat, EIO, ONE_EIO, (const char *restrict path, struct stat *restrict to),
     (path, to))
CALL(statx, EIO, ONE_EIO,
     (int from, const char *restrict path, int flags, unsigned mask,
      struct statx *restrict to),
     (from, path, flags, mask, to))
CALL(statfs, EIO, ONE_EIO, (const char *path, struct statfs *to), (path, to))
CALL(flock, ENOLCK, ONE_EIO, (int file, int how), (file, how))

EXPORTED int fsync(int file) {
  (void)file;
  int struck = strike_file("fsync", EIO, SYNCS);
  return struck != 0 ? refuse(struck) : 0;
}

EXPORTED int fdatasync(int file) {
  (void)file;
  int struck = strike_file("fdatasync", EIO, SYNCS);
  return struck != 0 ? refuse(struck) : 0;
}

EXPORTED int open(const char *path, int flags, ...) {
  BELOW(open);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  unsigned kinds = 1 << STRIKE_EIO;
  if ((flags & O_CREAT) != 0) kinds |= 1 << STRIKE_FULL;
  if ((flags & O_ACCMODE) != O_RDONLY) kinds |= 1 << STRIKE_READ_ONLY;
  int struck = strike_file("open", EMFILE, kinds);
  if (struck != 0) return refuse(struck);
  return real(path, flags & ~O_DSYNC, mode);
}

EXPORTED void *mmap(void *at, size_t size, int protection, int flags, int file,
                    off_t offset) {
  BELOW(mmap);
  if (file >= 0 && strike("mmap")) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return real(at, size, protection, flags, file, offset);
}

/* --- Transfers, which may be a socket's, or of libuv's own pipes --- */

static mode_t kind_of(int file) {
  struct stat found;
  return fstat(file, &found) == 0 ? found.st_mode & S_IFMT : 0;
}

static int strike_transfer(const char *name, int file, int error,
                           unsigned kinds) {
  mode_t kind = kind_of(file);
  if (kind == S_IFSOCK) return strike(name) ? ECONNRESET : 0;
  return kind == S_IFREG ? strike_file(name, error, kinds) : 0;
}

#define READ(name, parameters, arguments)                    \
  EXPORTED ssize_t name parameters {                         \
    BELOW(name);                                             \
    int struck = strike_transfer(#name, file, EIO, ONE_EIO); \
    return struck != 0 ? refuse(struck) : real arguments;    \
  }

/* `half` are the arguments for less than all of it. */
#define WRITE(name, parameters, arguments, half)                          \
  EXPORTED ssize_t name parameters {                                      \
    BELOW(name);                                                          \
    int struck =                                                          \
        strike_transfer(#name, file, ENOSPC, WRITES | 1 << STRIKE_SHORT); \
    if (struck == STRUCK_SHORT) return real half;                         \
    if (struck > 0) return refuse(struck);                                \
    return say(struck, real arguments);                                   \
  }

READ(read, (int file, void *to, size_t size), (file, to, size))
READ(pread, (int file, void *to, size_t size, off_t at), (file, to, size, at))
WRITE(write, (int file, const void *from, size_t size), (file, from, size),
      (file, from, size / 2))
WRITE(pwrite, (int file, const void *from, size_t size, off_t at),
      (file, from, size, at), (file, from, size / 2, at))
WRITE(writev, (int file, const struct iovec *from, int count),
      (file, from, count), (file, from, count / 2))
