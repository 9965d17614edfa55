/* A program, for tests, that polls what a Node.js loop polls: the epoll, and
 * what the reactor wakes it by. */
#ifndef MIDGE_TEST_LOOPING_H
#define MIDGE_TEST_LOOPING_H

#include "program.h"
#include "raw.h"

enum { MESSAGE = 6 };                  /* bytes */
extern const uint8_t message[MESSAGE]; /* that a server sends */
extern int woken;                      /* an eventfd */
extern bool is_bad;                    /* the epoll of the next one is none */
extern void (*answer)(program *p);     /* to each message, or null */

/* Takes all there is, in one turn. */
void deal_with_all(program *p);
/* One round of the loop, of so long at most. True: something was to be done. */
bool turn(program *p, int timeout_ms);
/* Until `*count` is so many. */
void turn_until(program *p, const size_t *count, size_t wanted);

/* What there is before the program, and behind it. */
void begin(void);
void end(void);
/* Both, with a server that the test plays; of no keep-alive if it is 0. */
void open_raw(program *p, raw *server, uint16_t keep_alive_s);
void close_raw(program *p, raw *server);
/* One more client of its reactor, with a server of its own. */
void open_another(program *p, raw *server);

/* The server sends one. */
void say(raw *server);
bool is_near(const program *p);
/* Message by message, each to a program that sleeps. */
void be_near(program *p, raw *server);

#endif
