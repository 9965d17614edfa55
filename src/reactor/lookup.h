/* Names looked up. Who asks for a name that is just being looked up shares the
 * request: a thousand clients of one server are one question to the system,
 * whose resolver has few threads. */
#ifndef MIDGE_REACTOR_LOOKUP_H
#define MIDGE_REACTOR_LOOKUP_H

#include "reactor/loop.h"

/* Who asks. Told once, later, unless it leaves before. */
typedef struct midge_asker midge_asker;
struct midge_asker {
  midge_lookup *lookup; /* null: nothing is asked */
  midge_asker *next, *previous;
  /* `error` is 0 or libuv's; `found` lives until the return. */
  void (*found)(midge_asker *asker, int error, const struct addrinfo *found);
};

/* 0, or an error of libuv: then nothing is told. */
int midge_lookup_ask(midge_reactor *reactor, const char *host,
                     midge_asker *asker);
/* It does not want to know any more; one that does not ask is fine. A request
 * that runs cannot be stopped: it holds its thread of the pool until the
 * resolver gives up, and nobody joins it. */
void midge_lookup_leave(midge_asker *asker);

#endif
