/* The system's calls, for the whole process: what libuv and LMDB ask it for
 * comes here too; those about files stand in files.c. Left out are those that
 * libuv does not survive (epoll, its own pipes) or not without a leak
 * (eventfd), and close, after which nobody can do anything. */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "below.h"
#include "strike.h"

/* A call that is refused with `error` when it is struck. */
#define CALL(result, name, error, parameters, arguments) \
  EXPORTED result name parameters {                      \
    BELOW(name);                                         \
    if (strike(#name)) return refuse(error);             \
    return real arguments;                               \
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

CALL(ssize_t, sendmsg, ECONNRESET,
     (int file, const struct msghdr *message, int flags),
     (file, message, flags))
CALL(ssize_t, recvmsg, ECONNRESET,
     (int file, struct msghdr *message, int flags), (file, message, flags))
CALL(ssize_t, recv, ECONNRESET, (int file, void *to, size_t size, int flags),
     (file, to, size, flags))

/* Longer than a scenario pauses, and then takes to end: who does not wait for a
 * name leaves a thread behind that does. */
enum { LOOKUP_US = 100000 };

/* It fails as a whole: inside of it the C library does not survive that there
 * is no memory (its table of name services). */
EXPORTED int getaddrinfo(const char *host, const char *service,
                         const struct addrinfo *hints, struct addrinfo **list) {
  BELOW(getaddrinfo);
  if (strike("getaddrinfo")) return EAI_AGAIN;
  bool before = strike_spare(true);
  usleep(LOOKUP_US);
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
