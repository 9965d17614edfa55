/* The inside of a reactor. libuv's handles are its thread's alone. Clients,
 * their links and the events that are collected are of whoever holds the lease:
 * that thread does but while it waits, and then the program's thread may borrow
 * it for a moment (help.h). The mailbox, the event queue and what is atomic
 * look after themselves. */
#ifndef MIDGE_REACTOR_LOOP_H
#define MIDGE_REACTOR_LOOP_H

#include "reactor/bell.h"
#include "reactor/event_queue.h"
#include "reactor/mailbox.h"
#include "reactor/patience.h"
#include "reactor/pool.h"
#include "reactor/reads.h"

/* Connections that the program's thread reads, and what is bulk for it. */
enum { MIDGE_NEAR_MAX = 64, MIDGE_NEAR_BYTES = 16 * 1024 };

/* What large publishes of a turn weigh that wait for each other. */
enum { MIDGE_GATHERED_MAX = 256 * 1024 };

typedef struct midge_lookup midge_lookup;
typedef struct midge_socket midge_socket;

struct midge_reactor {
  midge_allocator allocator;
  midge_allocator patient; /* for what cannot be refused */
  midge_pool *pool;        /* null: the program has its own allocator */
  midge_event_queue events;
  midge_mailbox mailbox;
  void (*wake)(void *context);
  void *context;

  uv_loop_t loop;
  midge_bell bell;      /* somebody put a wish, took events, or wants to stop */
  uv_prepare_t sleep;   /* before each wait: take wishes, hand events over */
  uv_check_t waken;     /* after each wait: clients whose time has come */
  uv_idle_t awake;      /* active: the next wait must not last */
  uv_timer_t overdue;   /* active: events wait that nobody was woken for */
  uv_timer_t watch;     /* active: sockets that are not read may break */
  uv_timer_t sweep;     /* active: the pool may have more than it needs */
  uv_timer_t stay;      /* active: the program's thread may be reading some */
  midge_time epoch;     /* of the loop's clock zero, in Unix time */
  midge_time asleep_ms; /* how long the machine slept since it was started */

  uv_mutex_t lease;
  bool is_held;        /* by the reactor's thread, which alone looks at this */
  bool is_lent;        /* to the program's thread */
  bool is_owed;        /* while it is lent: the loop has to be told something */
  bool is_wake_due;    /* the program is woken once nobody has it */
  bool is_overdue_set; /* `overdue` is active */
  uint64_t clock_ms;   /* of the loop or the system, the later one so far */

  midge_client *clients; /* all of them, doubly linked */
  midge_client *kept;    /* those with a store */
  midge_client *wished;  /* told of wishes since their last turn */
  midge_client *due;     /* their timer has fired */
  midge_parcel *parcels; /* wishes that wait for the next round */
  midge_reads reads;     /* what sockets read into */
  uint32_t round;      /* of the loop, from 1: each socket is read once in it */
  midge_lookup *asked; /* requests that who asks for the same can join */

  /* Connections that the program's thread reads (near.h). */
  int epoll; /* of the program, which polls it; 0: none */
  midge_socket *near[MIDGE_NEAR_MAX];
  atomic_size_t near_count;
  atomic_bool blocks;      /* the program cannot read them now */
  atomic_bool is_recalled; /* the reactor kept it waiting for the lease */
  midge_socket *calm;      /* read in this round, in it alone, and no bulk */
  bool is_crowded;         /* others were read in this round too */
  size_t flushed;          /* events handed over in it */
  bool has_woken;          /* the program, for the first of these */

  _Atomic uint64_t dice; /* any thread: of what seeds the clients' retries */

  /* Of the thread that takes events, if it helps. */
  bool helps;
  bool is_answering; /* last time it wished little before it had all events */
  uint32_t wishes;   /* since it had them */
  bool is_corked;    /* what it wishes waits until it has dealt with events */
  bool is_ring_due;  /* something does, and the reactor sleeps */
  size_t corked_bytes;
  bool is_gathering; /* or until much does, as it has said that more follows */

  uv_thread_t thread;
  atomic_bool stopping;
  midge_time stop_at; /* while it stops: when goodbyes have had their time */
  uint32_t goodbye_ms;
  uv_sem_t stopped;   /* the thread has let go of all but lookups */
  bool lingers;       /* a lookup holds the thread; set before `stopped` */
  atomic_int parties; /* the thread and the one who stops it */
  size_t lookups;     /* running, and not to be cancelled */
  size_t cancelled;   /* lookups whose end is on the way */
};

/* First in whatever libuv calls on the reactor's thread: take the lease. */
void midge_reactor_enter(midge_reactor *reactor);
/* Last before the thread waits: let go of it. */
void midge_reactor_leave(midge_reactor *reactor);
/* The program's thread takes the lease, if nobody has it. */
MIDGE_CHECKED bool midge_reactor_borrow(midge_reactor *reactor);
/* The same, or within a millisecond. */
MIDGE_CHECKED bool midge_reactor_borrow_soon(midge_reactor *reactor);
/* And gives it back, with what it has collected. */
void midge_reactor_return(midge_reactor *reactor);
/* The same, and is not woken: true if it is to take events. */
MIDGE_CHECKED bool midge_reactor_end_loan(midge_reactor *reactor);

midge_time midge_reactor_now(midge_reactor *reactor);
/* The next wait does not last. */
void midge_reactor_stay_awake(midge_reactor *reactor);

/* Under the lease: the first parcel with wishes that nobody has taken, or null.
 */
midge_parcel *midge_reactor_parcel(midge_reactor *reactor);
/* If all of it was taken it goes back. A client lends its last parcel: that is
 * before the client goes. */
void midge_reactor_drop_taken(midge_reactor *reactor);

/* From any thread. */
uint64_t midge_reactor_random(midge_reactor *reactor);
MIDGE_CHECKED midge_status midge_reactor_wish(midge_reactor *reactor,
                                              const midge_wish *wish);
void midge_reactor_wish_lent(midge_reactor *reactor, midge_parcel *parcel,
                             const midge_wish *wish);
void midge_reactor_ring(midge_reactor *reactor);

/* An event is written here, and pushed it leaves with the next flush. */
midge_event *midge_reactor_place(midge_reactor *reactor);
void midge_reactor_push(midge_reactor *reactor);
/* Let the program have the events. It is woken when the lease is free, which it
 * may want at once. */
void midge_reactor_flush(midge_reactor *reactor);
/* Or now, as something else comes first. */
void midge_reactor_wake(midge_reactor *reactor);

#endif
