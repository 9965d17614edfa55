/* Calls that can fail, and do when they are told to: allocations, calls of the
 * system, of LMDB, libuv and OpenSSL, made by midge or by a library for it.
 *
 * Such calls are counted while a strike is prepared; the one it is prepared
 * for fails, and all after it if it lasts. Calls of a thread that is spared
 * neither count nor fail: those of the test itself and of its servers. A new
 * thread is spared if the one that makes it is. */
#ifndef MIDGE_TEST_STRIKE_H
#define MIDGE_TEST_STRIKE_H

#include <stdbool.h>
#include <stddef.h>

/* Call `at` fails, from 1; 0: none. */
void strike_prepare(unsigned at, bool lasts);
/* No call fails any more, and none is counted. */
void strike_end(void);
unsigned strike_calls(void);
/* How many have failed. */
unsigned strike_count(void);
/* Where the name of the first of them is to be written. */
void strike_share_name(char *to, size_t size);

/* Of the calling thread; returns what it was. */
bool strike_spare(bool spared);

/* Whether a call of this name is to fail now; counts it. */
bool strike(const char *name);

/* How a call about a file can fail. Of another kind than STRIKE_ALL those that
 * can fail in this way alone are counted, and fail, with its error. */
typedef enum strike_kind {
  STRIKE_ALL,
  STRIKE_EIO,
  STRIKE_FULL,
  STRIKE_READ_ONLY,
  STRIKE_SHORT, /* it writes less than it was given */
  STRIKE_DONE,  /* it does what it was asked, and says that it failed */
} strike_kind;

enum { STRIKE_KINDS = STRIKE_DONE + 1, STRUCK_SHORT = -1, STRUCK_DONE = -2 };

/* Of the calls that follow _prepare. */
void strike_choose(strike_kind kind);
/* The same of a call about a file, which can fail in those `kinds` (bits), and
 * does so with `error` if any call can be struck: the error, 0, STRUCK_SHORT or
 * STRUCK_DONE. */
int strike_file(const char *name, int error, unsigned kinds);

/* Some time after the first has failed no call fails any more: as memory comes
 * back when others give it back. */
void strike_heal_later(void);
/* Before anything else. */
void strike_spare_openssl(void);
/* Called first: what libuv makes once for a process, and ends the process if it
 * cannot; in loops.c. */
void strike_warm_up(void);

#endif
