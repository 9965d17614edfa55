#include "reactor/member.h"

#include <assert.h>
#include <stdio.h>

#include "base/slice.h"
#include "reactor/errors.h"
#include "reactor/restoring.h"

enum {
  ROUNDS_MAX = 8,               /* of one turn, while emptying fills */
  DIRECT_MAX = 64 * 1024,       /* of one that goes where its packet is */
  SLICES_MAX = 256,             /* gathered by one write */
  TURN_BYTES = 4 * 1024 * 1024, /* written before others have their turn */
  WATCH_MS = 1000, /* how often sockets that nobody reads are looked at */
};

/* --- Facts of the transport --- */

/* First in every turn: the time, and what the system has taken meanwhile. */
static void tick(midge_client *client) {
  midge_link_clock(client->link, midge_reactor_now(client->reactor));
  if (client->socket == NULL) return;
  size_t size = midge_socket_taken(client->socket);
  if (size == 0) return;
  MIDGE_TALLY_ADD(client->tally.sent, size);
  midge_link_written(client->link, client->transport, size);
}

static void free_rest(midge_client *client) {
  midge_free(&client->reactor->allocator, client->rest, MIDGE_READ_BYTES);
  client->rest = NULL;
  client->rest_size = 0;
}

/* The link takes them up when it has room. */
static void keep_rest(midge_client *client, midge_slice bytes) {
  if (client->rest == NULL)
    client->rest = midge_allocate(&client->reactor->patient, MIDGE_READ_BYTES);
  assert(client->rest != NULL);
  assert(bytes.size <= MIDGE_READ_BYTES);
  memmove(client->rest, bytes.data, bytes.size);
  client->rest_size = bytes.size;
}

static void receive(midge_client *client, midge_slice bytes,
                    midge_buffer *buffer) {
  size_t taken =
      midge_link_received_in(client->link, client->transport, bytes, buffer);
  if (taken < bytes.size)
    keep_rest(client, midge_slice_skip(bytes, taken));
  else if (client->rest != NULL)
    free_rest(client);
}

/* What belongs to a large packet is read to where that is. */
static uint8_t *on_place(void *context, size_t *size) {
  midge_client *client = context;
  return midge_link_room(client->link, client->transport, DIRECT_MAX, size);
}

/* Few bytes are copied, many stay where they were read. */
void midge_member_receive(midge_client *client, midge_slice bytes) {
  midge_buffer *read = midge_reads_keep(&client->reactor->reads, bytes);
  tick(client);
  MIDGE_TALLY_ADD(client->tally.received, bytes.size);
  receive(client, bytes, read);
  midge_buffer_release(read);
}

/* For who decides by which thread it is read (near.h). */
static void note_read(midge_socket *socket, size_t size) {
  midge_reactor *reactor = socket->reactor;
  bool is_alone = reactor->calm == NULL && !reactor->is_crowded;
  reactor->is_crowded = !is_alone;
  reactor->calm = is_alone ? socket : NULL;
  if (size > MIDGE_NEAR_BYTES) socket->calm = 0;
  midge_reads_note(&reactor->reads, socket, size);
}

static void on_received(void *context, midge_slice bytes) {
  midge_client *client = context;
  note_read(client->socket, bytes.size);
  midge_member_receive(client, bytes);
  midge_member_turn(client);
}

static void on_written(void *context) {
  midge_client *client = context;
  tick(client);
  midge_link_written(client->link, client->transport, 0);
  if (client->rest_size != 0)
    receive(client, midge_slice_of(client->rest, client->rest_size), NULL);
  midge_member_turn(client);
}

void midge_member_break(midge_client *client, int error) {
  midge_fault fault;
  tick(client);
  if (error == UV_EOF) {
    midge_link_ended(client->link, client->transport);
  } else {
    midge_fault_of_system(&fault, MIDGE_ELOST, error, "", "");
    midge_link_broken(client->link, client->transport, &fault);
  }
}

static void on_broken(void *context, int error) {
  midge_member_break(context, error);
  midge_member_turn(context);
}

static const midge_listener listener = {.place = on_place,
                                        .received = on_received,
                                        .written = on_written,
                                        .broken = on_broken};

static void on_dialed(void *context, midge_socket *socket) {
  midge_client *client = context;
  client->dial = NULL;
  client->socket = socket;
  midge_socket_listen(socket, &listener, client);
  tick(client);
  midge_link_dialed(client->link, client->transport);
  midge_member_turn(client);
}

static void on_failed(void *context, const midge_fault *fault) {
  midge_client *client = context;
  client->dial = NULL;
  tick(client);
  midge_link_failed(client->link, client->transport, fault);
  midge_member_turn(client);
}

static const midge_dialer dialer = {.dialed = on_dialed, .failed = on_failed};

/* --- Events --- */

/* The attempts have ended by themselves: nothing is asked for any more, unless
 * the program has asked anew since. */
static void lower_standing(midge_client *client, const midge_event *closed) {
  unsigned standing = closed->connect * 2 + 1;
  atomic_compare_exchange_strong(&client->standing, &standing, standing - 1);
}

static void push(midge_client *client, const midge_event *event) {
  midge_event *place = midge_reactor_place(client->reactor);
  *place = *event;
  place->origin = client->gauge;
  midge_reactor_push(client->reactor);
}

bool midge_member_take_events(midge_client *client) {
  midge_event *event;
  bool any = false;
  while (midge_link_event(client->link,
                          event = midge_reactor_place(client->reactor))) {
    any = true;
    assert(!client->has_ended); /* whose gauge goes with that event */
    if (event->type == MIDGE_EVENT_ENDED && client->keeper != NULL) {
      client->ended = *event; /* it waits for the store */
      break;
    }
    event->origin = client->gauge;
    if (event->type != MIDGE_EVENT_MESSAGE && event->type != MIDGE_EVENT_DONE)
      midge_tally_event(&client->tally, event);
    if (event->type == MIDGE_EVENT_CLOSED &&
        event->closed.retry_ms == MIDGE_NEVER)
      lower_standing(client, event);
    client->has_ended = event->type == MIDGE_EVENT_ENDED;
    midge_reactor_push(client->reactor);
  }
  midge_freed freed = midge_link_freed(client->link);
  if (freed.messages == 0 && freed.bytes == 0) return any;
  atomic_fetch_sub(&client->queue_messages, freed.messages);
  atomic_fetch_sub(&client->queue_bytes, freed.bytes);
  return any;
}

/* --- The store --- */

/* The text goes into a buffer, so that it lives with the event. */
static void tell_store(midge_client *client, const midge_news *news) {
  midge_event event = {.type = MIDGE_EVENT_STORE};
  const char *text = news->why.text;
  if (text[0] == '\0') text = midge_status_text(news->fault);
  event.context = midge_link_context(client->link);
  event.store.status = news->fault;
  event.buffer =
      midge_buffer_copy(&client->reactor->allocator, midge_slice_text(text));
  event.store.text = event.buffer != NULL
                         ? midge_buffer_slice(event.buffer)
                         : midge_slice_text(midge_status_text(news->fault));
  push(client, &event);
  midge_buffer_release(event.buffer);
}

static void restore(midge_client *client, const midge_page *page) {
  midge_queued queued = midge_restoring_take(client->link, client->keeper,
                                             &client->restored, page);
  atomic_fetch_add(&client->queue_messages, queued.messages);
  atomic_fetch_add(&client->queue_bytes, queued.bytes);
}

static void tell_damage(midge_client *client, size_t count) {
  midge_news news = {.fault = MIDGE_ESTORE};
  snprintf(news.why.text, sizeof news.why.text,
           "%zu messages in the store are damaged: they are set aside, and not"
           " sent",
           count);
  tell_store(client, &news);
}

static void load(midge_client *client, const midge_page *page) {
  size_t damaged = midge_restoring_load(client->link, client->keeper,
                                        client->load_last, page);
  if (damaged != 0) tell_damage(client, damaged);
}

static void hear(midge_client *client) {
  midge_news news;
  if (client->keeper == NULL) return;
  midge_keeper_hear(client->keeper, &news);
  if (news.has_page && news.page.loaded)
    load(client, &news.page);
  else if (news.has_page && midge_link_is_restoring(client->link))
    restore(client, &news.page);
  midge_page_free(&news.page);
  if (news.committed != client->committed)
    midge_link_committed(client->link, news.committed);
  client->committed = news.committed;
  if (news.fault_changed) {
    atomic_store(&client->store_fault, news.fault);
    midge_link_store_fault(client->link, news.fault);
    tell_store(client, &news);
  }
  if (!news.is_closed) return;
  client->has_ended = true;
  push(client, &client->ended);
}

static void take_records(midge_client *client) {
  midge_record record;
  if (client->keeper == NULL) return;
  while (midge_link_record(client->link, &record))
    midge_keeper_put(client->keeper, &record);
  midge_keeper_flush(client->keeper);
  uint64_t first;
  if (midge_link_wants(client->link, &first, &client->load_last))
    midge_keeper_load(client->keeper, first - 1);
}

/* --- The transport that the link wants --- */

static void drop_transport(midge_client *client) {
  if (client->carrier != NULL) midge_carrier_drop(client->carrier);
  if (client->dial != NULL) midge_dial_cancel(client->dial);
  if (client->socket != NULL) midge_socket_drop(client->socket);
  client->dial = NULL;
  client->socket = NULL;
  free_rest(client);
  client->transport = 0;
}

static bool dial(midge_client *client, const midge_place *place) {
  if (client->carrier != NULL)
    return midge_carrier_dial(client->carrier, place);
  client->dial = midge_dial_start(client->reactor, place, &dialer, client);
  return client->dial != NULL;
}

static void follow_attempt(midge_client *client) {
  midge_place place;
  uint32_t attempt = midge_link_attempt(client->link);
  if (client->transport != attempt) drop_transport(client);
  if (client->transport == attempt) return;
  client->transport = attempt;
  bool dials = midge_link_dial(client->link, &place);
  assert(dials); /* an attempt begins with that */
  if (dial(client, &place)) return;
  midge_fault fault;
  midge_fault_set(&fault, MIDGE_ENOMEM, NULL, "no memory for a connection");
  midge_link_failed(client->link, attempt, &fault);
}

/* True if the system took something at once. */
static bool write_output(midge_client *client) {
  midge_slice slices[SLICES_MAX];
  midge_socket *socket = client->socket;
  size_t written = 0;
  if (socket == NULL) return false;
  while (!socket->is_writing && !socket->is_shut) {
    size_t count = midge_link_output(client->link, slices, SLICES_MAX);
    if (count == 0) break;
    bool stays = midge_link_output_stays(client->link);
    size_t size =
        midge_socket_write(socket, slices, count, stays, written >= TURN_BYTES);
    if (size == 0) continue;
    midge_link_written(client->link, client->transport, size);
    MIDGE_TALLY_ADD(client->tally.sent, size);
    written += size;
  }
  return written != 0;
}

/* --- The turn --- */

static void control_flow(midge_client *client) {
  if (client->carrier != NULL) midge_carrier_settle(client->carrier);
  if (client->socket == NULL) return;
  bool paused = midge_gauge_pause(client->gauge);
  if (paused) midge_event_queue_urge(&client->reactor->events);
  midge_link_paused(client->link, paused);
  bool on = midge_link_reading(client->link) && client->rest_size == 0;
  if (on && client->socket->is_near) return;
  midge_socket_leave_near(client->socket);
  midge_socket_read(client->socket, on);
}

static void due(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  midge_reactor_stay_awake(reactor);
  if (client->is_due) return;
  client->is_due = true;
  client->next_due = reactor->due;
  reactor->due = client;
}

/* What is late is dealt with after the sockets were read, so that a late
 * thread does not take an unread answer for silence. */
static void on_timer(uv_timer_t *timer) {
  midge_client *client = timer->data;
  midge_reactor_enter(client->reactor);
  if (client->socket != NULL) midge_socket_fetch(client->socket);
  client->timer_at = MIDGE_NEVER;
  due(client);
}

/* A timer that fires too early is set again then: deadlines mostly move on,
 * and need not be told to the loop each time. */
static void set_timer(midge_client *client) {
  midge_time at = midge_link_deadline(client->link);
  if (at >= client->timer_at) return;
  midge_time now = midge_reactor_now(client->reactor);
  uv_timer_start(&client->timer, on_timer, at > now ? at - now : 0, 0);
  client->timer_at = at;
}

/* All is told but the end, which is told when the store is free. */
static void finish(midge_client *client) {
  if (client->has_ended)
    midge_member_drop(client);
  else
    midge_keeper_close(client->keeper);
}

static void on_watch(uv_timer_t *timer) {
  midge_reactor *reactor = timer->data;
  bool needed = false;
  midge_reactor_enter(reactor);
  midge_client *next;
  for (midge_client *c = reactor->clients; c != NULL; c = next) {
    next = c->next;
    needed |= midge_member_watch(c);
  }
  if (!needed) uv_timer_stop(timer);
}

bool midge_member_is_held_back(const midge_client *client) {
  if (client->carrier != NULL)
    return midge_carrier_is_held_back(client->carrier);
  return client->socket != NULL && !midge_socket_is_read(client->socket);
}

/* Its socket takes nothing more. */
static bool cannot_write(const midge_client *client) {
  return client->socket != NULL && client->socket->fault != 0;
}

static void watch_socket(midge_client *client) {
  uv_timer_t *watch = &client->reactor->watch;
  if (!midge_member_is_held_back(client) && !cannot_write(client)) return;
  if (uv_is_active((uv_handle_t *)watch)) return;
  uv_timer_start(watch, on_watch, WATCH_MS, WATCH_MS);
}

void midge_member_count(midge_client *client) {
  atomic_store_explicit(&client->tally.in_flight,
                        midge_link_in_flight(client->link),
                        memory_order_relaxed);
  midge_tally_trips(&client->tally, midge_link_round_trips(client->link));
}

void midge_member_turn(midge_client *client) {
  bool moved = true;
  assert(client->reactor->is_held);
  hear(client);
  for (int round = 0; moved && round < ROUNDS_MAX; round++) {
    moved = midge_member_take_events(client);
    take_records(client);
    follow_attempt(client);
    if (client->carrier != NULL) midge_carrier_write(client->carrier);
    moved |= write_output(client);
    if (midge_link_is_over(client->link)) {
      finish(client);
      return;
    }
  }
  if (client->socket != NULL && !client->socket->is_writing &&
      midge_link_is_shut(client->link))
    midge_socket_shut(client->socket);
  control_flow(client);
  watch_socket(client);
  set_timer(client);
  midge_member_count(client);
}

void midge_member_owe(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  if (client->is_wished) return;
  client->is_wished = true;
  client->next_wished = reactor->wished;
  reactor->wished = client;
}

/* The program lets go of a socket that is ours. */
static void on_given_up(midge_client *client, const midge_wish *wish) {
  midge_fault fault;
  uint32_t attempt = wish->told.attempt;
  if (wish->type != MIDGE_WISH_BROKEN || attempt == 0) return;
  if (attempt != midge_link_attempt(client->link)) return;
  midge_fault_set(&fault, MIDGE_ELOST, NULL, "the program dropped it");
  if (client->transport == attempt && client->socket != NULL)
    midge_link_broken(client->link, attempt, &fault);
  else
    midge_link_failed(client->link, attempt, &fault);
}

/* What is given up tells no more of its transport. */
static void hurry_close(midge_client *client) {
  midge_link_wish(client->link, &(midge_wish){.type = MIDGE_WISH_ABORT});
}

void midge_member_wish(midge_client *client, const midge_wish *wish) {
  tick(client);
  if (wish->type >= MIDGE_WISH_DIALED) {
    if (client->carrier != NULL)
      midge_carrier_told(client->carrier, wish);
    else
      on_given_up(client, wish);
    return;
  }
  if (wish->type == MIDGE_WISH_CLOSE && client->carrier != NULL)
    hurry_close(client);
  midge_link_wish(client->link, wish);
}

void midge_member_hear(midge_client *client) {
  tick(client);
  midge_member_turn(client);
}

void midge_member_wake(midge_client *client) {
  if (client->link == NULL) return; /* dropped since it was due */
  tick(client);
  midge_link_elapsed(client->link, midge_reactor_now(client->reactor));
  midge_member_turn(client);
}

/* The reading side mostly tells why at once: but not of every fault. */
static bool watch_writing(midge_client *client) {
  midge_socket *socket = client->socket;
  if (socket->is_given_up)
    on_broken(client, socket->fault);
  else
    socket->is_given_up = true;
  return true;
}

bool midge_member_watch(midge_client *client) {
  if (cannot_write(client)) return watch_writing(client);
  if (!midge_member_is_held_back(client)) return false;
  if (client->socket == NULL) return true;
  int error = midge_socket_error(client->socket);
  if (error != 0) on_broken(client, error);
  return true;
}

bool midge_member_leaves(midge_client *client, bool hurry) {
  if (!midge_link_is_leaving(client->link)) return false;
  if (hurry) {
    tick(client);
    midge_link_hurry(client->link);
    midge_member_turn(client);
  }
  return true;
}

/* --- From adoption to the end --- */

void midge_member_adopt(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  client->next = reactor->clients;
  if (client->next != NULL) client->next->previous = client;
  reactor->clients = client;

  uv_timer_init(&reactor->loop, &client->timer);
  client->timer.data = client;
  client->timer_at = MIDGE_NEVER;
  midge_link_elapsed(client->link, midge_reactor_now(reactor));
  if (client->keeper == NULL) return;
  client->next_kept = reactor->kept;
  reactor->kept = client;
}

static void leave_kept(midge_client *client) {
  midge_client **place = &client->reactor->kept;
  if (client->keeper == NULL) return;
  while (*place != client) place = &(*place)->next_kept;
  *place = client->next_kept;
  midge_keeper_stop(client->keeper);
}

static void free_client(uv_handle_t *timer) {
  midge_client *client = timer->data;
  const midge_allocator *allocator = &client->reactor->allocator;
  midge_tally_free(&client->tally);
  midge_free(allocator, client->carrier, sizeof *client->carrier);
  midge_free(allocator, client, sizeof *client);
}

/* Events that nobody took may still count on it: it goes with them. */
static void let_go_of_gauge(midge_client *client) {
  midge_event *last = midge_reactor_place(client->reactor);
  *last = (midge_event){.type = MIDGE_EVENT_ENDED, .origin = client->gauge};
  midge_event_queue_push(&client->reactor->events);
}

void midge_member_drop(midge_client *client) {
  midge_reactor *reactor = client->reactor;
  if (client->next != NULL) client->next->previous = client->previous;
  if (client->previous != NULL)
    client->previous->next = client->next;
  else
    reactor->clients = client->next;

  drop_transport(client);
  leave_kept(client);
  if (!client->has_ended) let_go_of_gauge(client);
  midge_link_free(client->link);
  client->link = NULL;
  uv_close((uv_handle_t *)&client->timer, free_client);
}
