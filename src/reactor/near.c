#include "reactor/near.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/slice.h"

enum {
  READS_MIN = 8,    /* in a row that each woke the program */
  SHY_MAX = 4,      /* doublings of that, each time that it was no good */
  EVENTS_MAX = 256, /* of one read; more is bulk */
  BUSY_MAX = 4,     /* reads in a row that find the program busy with events */
  STAY_MS = 50, /* without a read, or twice that: the reactor takes it back */
  LATE_MS = 2,  /* and what has waited so long when it looks */
};

static void grow_shy(midge_socket *socket) {
  if (socket->shy < SHY_MAX) socket->shy++;
}

/* --- On the reactor's thread --- */

static bool has_bytes(const midge_socket *socket) {
  uint8_t byte;
  return recv(socket->descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* What waits, waits for a program that is busy. */
static void take_back(midge_socket *socket) {
  if (has_bytes(socket)) grow_shy(socket);
  midge_socket_fetch(socket);
}

/* True: something waits to be read, and it is looked at again soon. */
static bool look_at(midge_socket *socket) {
  if (!socket->was_read) {
    take_back(socket);
    return false;
  }
  socket->was_read = false;
  socket->is_late = has_bytes(socket);
  if (!socket->is_late && socket->shy > 0) socket->shy--;
  return socket->is_late;
}

static void on_late(uv_timer_t *timer);

static void on_stay(uv_timer_t *timer) {
  midge_reactor *reactor = timer->data;
  bool is_late = false;
  midge_reactor_enter(reactor);
  for (size_t i = atomic_load(&reactor->near_count); i > 0; i--)
    is_late |= look_at(reactor->near[i - 1]);
  if (is_late)
    uv_timer_start(timer, on_late, LATE_MS, 0);
  else if (atomic_load(&reactor->near_count) != 0)
    uv_timer_start(timer, on_stay, STAY_MS, 0);
}

/* A program that works in pieces reads now and then, and too late each time. */
static void on_late(uv_timer_t *timer) {
  midge_reactor *reactor = timer->data;
  midge_reactor_enter(reactor);
  for (size_t i = atomic_load(&reactor->near_count); i > 0; i--) {
    midge_socket *socket = reactor->near[i - 1];
    if (socket->is_late && !socket->was_read) take_back(socket);
  }
  uv_timer_start(timer, on_stay, STAY_MS, 0);
}

static void take_all_back(midge_reactor *reactor) {
  while (atomic_load(&reactor->near_count) != 0)
    midge_socket_fetch(reactor->near[0]);
}

static bool may_be_near(const midge_socket *socket) {
  return !atomic_load(&socket->reactor->blocks) && socket->is_reading &&
         midge_help_is_possible(socket->context);
}

/* Whoever begins to block has looked whether there are any before or after. */
static void begin(midge_socket *socket) {
  midge_reactor *reactor = socket->reactor;
  if (!may_be_near(socket) || !midge_socket_go_near(socket)) return;
  if (atomic_load(&reactor->blocks)) take_all_back(reactor);
  if (uv_is_active((uv_handle_t *)&reactor->stay)) return;
  uv_timer_start(&reactor->stay, on_stay, STAY_MS, 0);
}

static void judge(midge_socket *socket, bool wakes, size_t count) {
  if (!wakes || count > EVENTS_MAX) {
    socket->calm = 0;
  } else if (++socket->calm >= READS_MIN << socket->shy) {
    socket->calm = 0;
    begin(socket);
  }
}

void midge_near_choose(midge_reactor *reactor) {
  midge_socket *socket = reactor->calm;
  size_t count = reactor->flushed;
  if (reactor->epoll == 0 || socket == NULL || count == 0) return;
  judge(socket, reactor->has_woken, count);
}

void midge_near_heed(midge_reactor *reactor) {
  bool is_recalled = atomic_exchange(&reactor->is_recalled, false);
  reactor->calm = NULL;
  reactor->is_crowded = false;
  reactor->flushed = 0;
  for (size_t i = atomic_load(&reactor->near_count); is_recalled && i > 0; i--)
    grow_shy(reactor->near[i - 1]);
  if (is_recalled || atomic_load(&reactor->blocks)) take_all_back(reactor);
}

void midge_near_watch(midge_reactor *reactor) {
  uv_timer_init(&reactor->loop, &reactor->stay);
  reactor->stay.data = reactor;
}

/* --- On the program's thread --- */

/* The reactor does what it owes: it reads again, or closes. */
static void hand_over(midge_client *client) {
  midge_socket_leave_near(client->socket);
  midge_member_owe(client);
  client->reactor->is_owed = true;
}

/* One that finds the program busy each time would fill its queue. */
static bool is_bulk(midge_client *client, size_t size, size_t count,
                    bool rests) {
  midge_socket *socket = client->socket;
  socket->calm = rests ? 0 : socket->calm + 1;
  return size > MIDGE_NEAR_BYTES || count > EVENTS_MAX ||
         socket->calm >= BUSY_MAX || midge_gauge_pause(client->gauge);
}

static void take(midge_client *client, midge_slice bytes, bool rests) {
  const midge_event_list *events = &client->reactor->events.collected;
  size_t before = events->count;
  midge_member_receive(client, bytes);
  midge_help_turn(client);
  if (client->has_ended || !client->socket->is_near) return;
  if (!is_bulk(client, bytes.size, events->count - before, rests)) return;
  grow_shy(client->socket);
  hand_over(client);
}

static void read_one(midge_client *client, bool rests) {
  midge_socket *socket = client->socket;
  size_t room;
  if (!midge_help_is_possible(client)) {
    hand_over(client);
    return;
  }
  uint8_t *place = midge_reads_place(&client->reactor->reads, &room);
  ssize_t size = recv(socket->descriptor, place, room, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  socket->was_read = true;
  if (size > 0) {
    take(client, midge_slice_of(place, (size_t)size), rests);
    return;
  }
  midge_member_break(client, size == 0 ? UV_EOF : -errno);
  hand_over(client);
}

/* Of one alone it is known which. */
static void read_ready(midge_reactor *reactor, bool rests) {
  struct epoll_event ready[MIDGE_NEAR_MAX];
  size_t near = atomic_load(&reactor->near_count);
  if (near == 1) {
    read_one(reactor->near[0]->context, rests);
  } else if (near > 1) {
    int count = epoll_wait(reactor->epoll, ready, MIDGE_NEAR_MAX, 0);
    for (int i = 0; i < count; i++) {
      const midge_socket *socket = ready[i].data.ptr;
      read_one(socket->context, rests);
    }
  }
}

bool midge_reactor_read(midge_reactor *reactor) {
  if (atomic_load(&reactor->near_count) == 0) return false;
  if (!midge_reactor_borrow_soon(reactor)) {
    atomic_store(&reactor->is_recalled, true);
    return false;
  }
  read_ready(reactor, midge_event_queue_rests(&reactor->events));
  return midge_reactor_end_loan(reactor);
}

void midge_near_block(midge_reactor *reactor, bool on) {
  atomic_store(&reactor->blocks, on);
  if (on && atomic_load(&reactor->near_count) != 0) midge_reactor_ring(reactor);
}
