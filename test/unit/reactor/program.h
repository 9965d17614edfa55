/* The program's side of a reactor, for tests: a reactor, a client, and waiting
 * for events with a limit that only a hanging test reaches. */
#ifndef MIDGE_TEST_PROGRAM_H
#define MIDGE_TEST_PROGRAM_H

#include "broker.h"
#include "midge/client.h"
#include "unit/harness.h"

enum { PATIENCE_MS = 20000 }; /* a test has a minute for all it waits for */

typedef struct program {
  midge_reactor *reactor;
  midge_client *client;
  midge_event event;     /* the one taken last */
  size_t done, messages; /* events passed over on the way */
  size_t closed;
  uint32_t attempt; /* of the last CONNECTING */
  int failures;     /* DONE that were not MIDGE_OK */
} program;

/* Of the reactors started from here on; 0: as usual. */
extern uint32_t goodbye_ms;
extern bool helps;
extern int epoll;                           /* that the program polls, or 0 */
extern void (*on_wake)(void *context);      /* with the program */
extern const midge_allocator *given_memory; /* null: as usual */

/* A reactor and a client with quick reconnects; `options` may set anything
 * but the URL. */
void program_start(program *p, const char *url,
                   const midge_client_options *options);
void program_stop(program *p);
/* "mqtt://127.0.0.1:port", good until the next call. */
const char *url_of(const broker *b);

/* An event that is there now. */
bool take_one(program *p);
/* The next event of this type, counting those before it; fails the test when
 * none comes. */
void wait_for(program *p, midge_event_type type);
/* Until so many wishes are done, or messages came, ever. */
void wait_for_done(program *p, size_t count);
void wait_for_messages(program *p, size_t count);
/* CLOSED for good, with this status. */
void wait_for_end(program *p, midge_status status);
/* No event comes for a while. */
void expect_silence(program *p, unsigned ms);
void wait_until_opened(program *p);

/* Publish a number at `qos`; the number plus one is the token. */
midge_status publish_number(midge_client *client, unsigned long number,
                            midge_qos qos);
/* Of a clock that goes on. */
uint64_t now_ms(void);
bool slice_is(midge_slice slice, const char *text);

#endif
