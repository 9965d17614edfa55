/* The system's calls, for the whole process: what libuv and LMDB ask it for
 * comes here too. Left out are those that libuv does not survive (epoll, its
 * own pipes) or not without a leak (eventfd), and close, after which nobody can
 * do anything. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "strike.h"

#define EXPORTED __attribute__((visibility("default")))

static int refuse(int error) {
  errno = error;
  return -1;
}

/* The function of this name below: the C library's or the sanitizer's. */
static void *below(void **found, const char *name) {
  if (*found == NULL) *found = dlsym(RTLD_NEXT, name);
  return *found;
}

#define BELOW(name)       \
  static void *found;     \
  __typeof__(name) *real; \
  *(void **)(void *)&real = below(&found, #name)

/* A call that is refused with `error` when it is struck. */
#define CALL(result, name, error, parameters, arguments) \
  EXPORTED result name parameters {                      \
    BELOW(name);                                         \
    if (strike(#name)) return refuse(error);             \
    return real arguments;                               \
  }

/* The same of a file descriptor that may be one of libuv's own pipes. */
#define TRANSFER(name, error, parameters, arguments)       \
  EXPORTED ssize_t name parameters {                       \
    BELOW(name);                                           \
    if (carries_data(file) && strike(#name))               \
      return refuse(is_socket(file) ? ECONNRESET : error); \
    return real arguments;                                 \
  }

static mode_t kind_of(int file) {
  struct stat found;
  return fstat(file, &found) == 0 ? found.st_mode & S_IFMT : 0;
}

static bool is_socket(int file) {
  return kind_of(file) == S_IFSOCK;
}

static bool carries_data(int file) {
  mode_t kind = kind_of(file);
  return kind == S_IFSOCK || kind == S_IFREG;
}

CALL(int, socket, EMFILE, (int domain, int type, int protocol),
     (domain, type, protocol))
CALL(int, connect, ECONNREFUSED,
     (int file, __CONST_SOCKADDR_ARG to, socklen_t size), (file, to, size))
CALL(int, bind, EADDRNOTAVAIL,
     (int file, __CONST_SOCKADDR_ARG to, socklen_t size), (file, to, size))
CALL(int, setsockopt, ENOPROTOOPT,
     (int file, int level, int name, const void *value, socklen_t size),
     (file, level, name, value, size))
CALL(int, shutdown, ENOTCONN, (int file, int how), (file, how))
CALL(int, epoll_create1, EMFILE, (int flags), (flags))
CALL(int, fsync, EIO, (int file), (file))
CALL(int, fdatasync, EIO, (int file), (file))
CALL(int, msync, EIO, (void *at, size_t size, int flags), (at, size, flags))
CALL(int, ftruncate, ENOSPC, (int file, off_t size), (file, size))
CALL(int, mkdir, EACCES, (const char *path, mode_t mode), (path, mode))
CALL(int, flock, ENOLCK, (int file, int how), (file, how))
CALL(int, statfs, EIO, (const char *path, struct statfs *to), (path, to))

TRANSFER(read, EIO, (int file, void *to, size_t size), (file, to, size))
TRANSFER(write, ENOSPC, (int file, const void *from, size_t size),
         (file, from, size))
TRANSFER(writev, ENOSPC, (int file, const struct iovec *from, int count),
         (file, from, count))
TRANSFER(pread, EIO, (int file, void *to, size_t size, off_t at),
         (file, to, size, at))
TRANSFER(pwrite, ENOSPC, (int file, const void *from, size_t size, off_t at),
         (file, from, size, at))
TRANSFER(sendmsg, EIO, (int file, const struct msghdr *message, int flags),
         (file, message, flags))
TRANSFER(recvmsg, EIO, (int file, struct msghdr *message, int flags),
         (file, message, flags))
TRANSFER(recv, EIO, (int file, void *to, size_t size, int flags),
         (file, to, size, flags))

EXPORTED void *mmap(void *at, size_t size, int protection, int flags, int file,
                    off_t offset) {
  BELOW(mmap);
  if (file >= 0 && strike("mmap")) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return real(at, size, protection, flags, file, offset);
}

EXPORTED int open(const char *path, int flags, ...) {
  BELOW(open);
  va_list rest;
  va_start(rest, flags);
  mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (strike("open")) return refuse(EMFILE);
  return real(path, flags, mode);
}

/* It fails as a whole: inside of it the C library does not survive that there
 * is no memory (its table of name services). */
EXPORTED int getaddrinfo(const char *host, const char *service,
                         const struct addrinfo *hints, struct addrinfo **list) {
  BELOW(getaddrinfo);
  if (strike("getaddrinfo")) return EAI_AGAIN;
  bool before = strike_spare(true);
  int error = real(host, service, hints, list);
  strike_spare(before);
  return error;
}

EXPORTED FILE *fopen(const char *path, const char *mode) {
  BELOW(fopen);
  if (!strike("fopen")) return real(path, mode);
  errno = EMFILE;
  return NULL;
}

EXPORTED FILE *fopen64(const char *path, const char *mode) {
  BELOW(fopen64);
  if (!strike("fopen64")) return real(path, mode);
  errno = EMFILE;
  return NULL;
}

EXPORTED int posix_memalign(void **to, size_t alignment, size_t size) {
  BELOW(posix_memalign);
  return strike("posix_memalign") ? ENOMEM : real(to, alignment, size);
}

/* --- Threads --- */

typedef struct start {
  void *(*run)(void *context);
  void *context;
  bool is_spared;
} start;

static void *run(void *context) {
  start *given = context;
  start it = *given;
  free(given);
  strike_spare(it.is_spared);
  void *result = it.run(it.context);
  strike_spare(true);
  return result;
}

EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                            void *(*start_routine)(void *), void *context) {
  BELOW(pthread_create);
  if (strike("pthread_create")) return EAGAIN;
  bool spared = strike_spare(true);
  start *it = malloc(sizeof *it);
  if (it == NULL) abort();
  *it = (start){start_routine, context, spared};
  int error = real(thread, attributes, run, it);
  if (error != 0) free(it);
  strike_spare(spared);
  return error;
}
