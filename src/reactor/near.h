/* Who reads a connection. Mostly the reactor's thread does, which is awake
 * while the program's deals with what came. To wake a program that sleeps until
 * something comes costs more than to read: its connection is near, its socket
 * is in an epoll that the program's own loop polls, and what is read is dealt
 * with on the program's thread, up to the write of the answers. Timers stay
 * the reactor's; and it takes back what nobody reads for a while, as the
 * program may be busy, and what comes in bulk, which two threads do faster. */
#ifndef MIDGE_REACTOR_NEAR_H
#define MIDGE_REACTOR_NEAR_H

#include "reactor/help.h"

/* On the reactor's thread, when it starts. */
void midge_near_watch(midge_reactor *reactor);
/* After a round of reading, when its events are handed over: whether what was
 * read is near from here on. */
void midge_near_choose(midge_reactor *reactor);
/* Before each wait: a round begins, and none is near if the program cannot
 * read. */
void midge_near_heed(midge_reactor *reactor);

/* On the program's thread: it blocks and cannot read, or does no more. */
void midge_near_block(midge_reactor *reactor, bool on);

#endif
