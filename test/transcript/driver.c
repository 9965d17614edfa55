#include "transcript/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/slice.h"
#include "engine/dispatch.h"

/* A turn that never ends is a fault; the most a test sends is far less. */
#define ROUNDS_MAX 50000000u

void driver_fail(driver *d, const char *format, ...) {
  if (d->failed) return;
  d->failed = true;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(d->failure, sizeof d->failure, format, arguments);
  va_end(arguments);
}

static void seen_add(seen_list *to, seen what) {
  if (to->count == to->room) {
    to->room = to->room == 0 ? 16 : 2 * to->room;
    to->list = realloc(to->list, to->room * sizeof *to->list);
  }
  to->list[to->count++] = what;
}

seen *seen_take(seen_list *from) {
  if (from->first == from->count) return NULL;
  return &from->list[from->first++];
}

void seen_clear(seen_list *from) {
  for (size_t i = 0; i < from->count; i++) {
    free(from->list[i].text);
    free(from->list[i].bytes);
  }
  free(from->list);
  *from = (seen_list){0};
}

void driver_init(driver *d) {
  memset(d, 0, sizeof *d);
  memory_init(&d->memory);
  d->now = 1000000;
}

static void journal_free(journal_entry **head) {
  while (*head != NULL) {
    journal_entry *entry = *head;
    *head = entry->next;
    free(entry->value);
    free(entry);
  }
}

void driver_free(driver *d) {
  midge_session_free(d->session);
  if (d->memory.now != 0) {
    fprintf(stderr, "%zu bytes are still out after free\n", d->memory.now);
    abort();
  }
  journal_free(&d->committed);
  journal_free(&d->pending);
  seen_clear(&d->packets);
  seen_clear(&d->events);
  free(d->stream);
  free(d->tokens);
  line_free(&d->options);
}

static void fill_flags(line *in, midge_session_options *o) {
  o->negotiate = line_number(in, "negotiate", 0);
  o->clean_start = line_number(in, "clean_start", 0);
  o->adopt_session = line_number(in, "adopt_session", 0);
  o->durable = line_number(in, "durable", 0);
  o->acknowledge_by_hand = line_number(in, "acknowledge_by_hand", 0);
  o->at_release = line_number(in, "at_release", 0);
  o->accept_by_hand = line_number(in, "accept_by_hand", 0);
  o->inbox = line_number(in, "inbox", 0);
  o->durable_qos_0 = line_number(in, "durable_qos_0", 0);
  o->inbox_bytes_max = (size_t)line_number(in, "inbox_bytes_max", 0);
  o->keep_alive_off = line_number(in, "keep_alive_off", 0);
  o->alias_auto = line_number(in, "alias_auto", 0);
  o->lower_qos = line_number(in, "lower_qos", 0);
  o->drop_in_flight = line_number(in, "drop_in_flight", 0);
  o->strict_text = line_number(in, "strict_text", 0);
  o->receive_max_lenient = line_number(in, "receive_max_lenient", 0);
  o->hold = line_number(in, "hold", 0);
  o->breaks_off = line_number(in, "breaks_off", 0);
  o->forget_subscriptions = line_number(in, "forget_subscriptions", 0);
  o->split_requests = line_number(in, "split_requests", 0);
  o->breaks_off = line_number(in, "breaks_off", 0);
}

static void fill_numbers(line *in, midge_session_options *o) {
  o->session_expiry_s = (uint32_t)line_number(in, "session_expiry_s", 0);
  o->keep_alive_s = (uint16_t)line_number(in, "keep_alive_s", 0);
  o->receive_max = (uint16_t)line_number(in, "receive_max", 0);
  o->alias_max = (uint16_t)line_number(in, "alias_max", 0);
  o->text = (midge_text_policy)line_number(in, "text_lenient", 0);
  o->subscribe_batch_max = (uint16_t)line_number(in, "subscribe_batch_max", 0);
  o->breaks_max = (uint16_t)line_number(in, "breaks_max", 0);
  o->packet_size_max = (uint32_t)line_number(in, "packet_size_max", 0);
  o->in_flight_max = (uint16_t)line_number(in, "in_flight_max", 0);
  o->reply_timeout_ms = (uint32_t)line_number(in, "reply_timeout_ms", 0);
  o->subscribe_batch_max = (uint16_t)line_number(in, "subscribe_batch_max", 0);
  o->breaks_max = (uint16_t)line_number(in, "breaks_max", 0);
  o->queue_messages_max = line_number(in, "queue_messages_max", 0);
  o->queue_memory_max = line_number(in, "queue_memory_max", 0);
  o->queue_bytes_max = line_number(in, "queue_bytes_max", 0);
  o->parked_bytes_max = line_number(in, "parked_bytes_max", 0);
}

midge_status driver_start(driver *d) {
  line *in = &d->options;
  midge_property room[PROPERTIES_MAX], will_room[PROPERTIES_MAX];
  midge_publish will = {
      .topic = line_text(in, "will.topic", MIDGE_NO_SLICE),
      .payload = line_text(in, "will.payload", MIDGE_NO_SLICE),
      .qos = (midge_qos)line_number(in, "will.qos", 0),
      .retain = line_number(in, "will.retain", 0),
      .properties = wire_properties(in, "will.", will_room),
  };
  midge_session_options options = {
      .version = wire_version(in),
      .client_id = line_text(in, "client_id", MIDGE_NO_SLICE),
      .user_name = line_text(in, "user_name", MIDGE_NO_SLICE),
      .password = line_text(in, "password", MIDGE_NO_SLICE),
      .will = will.topic.data == NULL ? NULL : &will,
      .properties = wire_properties(in, "", room),
      .allocator = &d->memory.allocator,
      .context = d,
  };
  fill_flags(in, &options);
  fill_numbers(in, &options);
  d->version = options.version;
  const char *unused = line_unused(in);
  if (unused != NULL) driver_fail(d, "no option is called '%s'", unused);
  midge_status status = midge_session_new(&d->session, &options);
  if (status == MIDGE_OK) midge_session_elapsed(d->session, d->now);
  return status;
}

/* Whether to try again what said `status`: if so, there is memory now. */
static bool again(driver *d, midge_status status) {
  if (status == MIDGE_OK) return false;
  if (d->careless) d->memory.fail_at = 0;
  return true;
}

midge_record journal_record(const journal_entry *entry) {
  midge_slice value = {entry->value, entry->size};
  return (midge_record){
      .key = entry->key,
      .head = {value.data, entry->head_size},
      .body = midge_slice_skip(value, entry->head_size),
  };
}

void driver_restart(driver *d, bool stale) {
  midge_session_free(d->session);
  d->session = NULL;
  d->connected = d->opened = d->closed = d->disconnecting = false;
  d->stream_size = d->token_count = 0;
  d->position = 0;
  journal_free(&d->pending);
  if (again(d, driver_start(d)) && driver_start(d) != MIDGE_OK) {
    driver_fail(d, "no new session");
    return;
  }
  for (journal_entry *e = d->committed; e != NULL; e = e->next) {
    midge_record record = journal_record(e);
    if (again(d, midge_session_restore(d->session, &record, 0)) &&
        midge_session_restore(d->session, &record, 0) != MIDGE_OK) {
      driver_fail(d, "a record is not taken");
    }
  }
  midge_session_restored(d->session, stale);
  driver_turn(d);
}

/* --- What every session promises ----------------------------------------- */

static void check_done(driver *d, uint64_t token) {
  if (token == 0) {
    driver_fail(d, "done without a token");
    return;
  }
  for (size_t i = 0; i < d->token_count; i++) {
    if (d->tokens[i] == token) {
      driver_fail(d, "token %llu done twice", (unsigned long long)token);
    }
  }
  d->tokens = realloc(d->tokens, (d->token_count + 1) * sizeof *d->tokens);
  d->tokens[d->token_count++] = token;
}

static void check_event(driver *d, const midge_event *event) {
  if (event->context != d) driver_fail(d, "the context is not ours");
  if (event->type == MIDGE_EVENT_DONE) check_done(d, event->done.token);
  if (d->events_mixed) return;
  switch (event->type) {
    case MIDGE_EVENT_OPENED:
      if (d->opened || d->closed) driver_fail(d, "opened out of place");
      d->opened = true;
      return;
    case MIDGE_EVENT_CLOSED:
      if (d->closed) driver_fail(d, "closed twice");
      d->closed = true;
      return;
    case MIDGE_EVENT_MESSAGE:
      if (!d->opened && !d->messages_held && !midge_session_held(d->session))
        driver_fail(d, "a message before opened");
      return;
    case MIDGE_EVENT_DONE:
    case MIDGE_EVENT_STORED:
    case MIDGE_EVENT_AUTHENTICATE:
    case MIDGE_EVENT_PACKET:
      return;
    default:
      driver_fail(d, "an event of the client");
      return;
  }
}

/* [MQTT-3.1.0-1], [MQTT-3.14.4-1] */
static void check_packet(driver *d, const midge_packet *packet) {
  if (!d->packets_sent != (packet->type == MIDGE_CONNECT)) {
    driver_fail(d, "CONNECT is not the first packet, or not the only one");
  }
  if (d->disconnecting) driver_fail(d, "a packet after DISCONNECT");
  d->packets_sent = true;
  d->disconnecting = packet->type == MIDGE_DISCONNECT;
  if (packet->type == MIDGE_CONNECT) d->version = packet->connect.version;
}

/* --- A turn --------------------------------------------------------------- */

static bool take_events(driver *d) {
  midge_event event;
  bool any = false;
  while (midge_session_event(d->session, &event)) {
    any = true;
    check_event(d, &event);
    seen_add(&d->events, (seen){wire_describe_event(&event), NULL, 0});
  }
  return any;
}

static bool take_records(driver *d) {
  midge_record record;
  bool any = false;
  while (midge_session_record(d->session, &record)) {
    any = true;
    if (record.position != ++d->position) driver_fail(d, "a gap in records");
    journal_entry *entry = calloc(1, sizeof *entry);
    entry->key = record.key;
    entry->position = record.position;
    entry->head_size = record.head.size;
    entry->size = record.head.size + record.body.size;
    entry->value = malloc(entry->size + 1);
    midge_slice_copy(midge_slice_copy(entry->value, record.head), record.body);
    journal_entry **last = &d->pending;
    while (*last != NULL) last = &(*last)->next;
    *last = entry;
  }
  if (any && !d->commit_held) driver_commit(d, SIZE_MAX);
  return any;
}

enum { LOADED_MAX = 2 };

/* What the session has let go of comes back from the journal, a few at a time.
 */
static bool load(driver *d) {
  uint64_t first, last, key;
  size_t count = 0;
  if (d->pending != NULL) return false; /* the journal is not that far */
  if (!midge_session_wants(d->session, &first, &last)) return false;
  key = last;
  for (journal_entry *e = d->committed; e != NULL; e = e->next) {
    if (e->key < first || e->key > last) continue;
    if (count++ == LOADED_MAX) break;
    midge_record record = journal_record(e);
    midge_publish publish = {.label = 0};
    (void)midge_record_message(&record, &publish);
    if (again(d, midge_session_load(d->session, &record, publish.label)) &&
        midge_session_load(d->session, &record, publish.label) != MIDGE_OK)
      driver_fail(d, "a record is not taken again");
    key = count == LOADED_MAX ? e->key : last;
  }
  (void)midge_session_loaded(d->session, key);
  return true;
}

/* The packets that are whole by now. */
static void take_packets(driver *d) {
  size_t done = 0;
  for (;;) {
    midge_packet packet;
    midge_decode_result result = midge_packet_decode(
        &(midge_decode_options){.version = d->version,
                                .text = MIDGE_TEXT_LENIENT},
        (midge_slice){d->stream + done, d->stream_size - done}, &packet);
    if (result.outcome == MIDGE_REFUSED) {
      driver_fail(d, "the session sent what no packet is: %s", result.text);
    }
    if (result.outcome != MIDGE_DECODED) break;
    check_packet(d, &packet);
    seen what = {wire_describe(&packet), malloc(result.size), result.size};
    memcpy(what.bytes, d->stream + done, result.size);
    seen_add(&d->packets, what);
    done += result.size;
  }
  memmove(d->stream, d->stream + done, d->stream_size - done);
  d->stream_size -= done;
}

static size_t gather(driver *d, const midge_slice *slices, size_t count) {
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    if (slices[i].size == 0) driver_fail(d, "an empty slice of output");
    size_t part = slices[i].size;
    if (d->byte_by_byte && size + part > 1) part = 1 - size;
    if (d->output_held && size + part > d->allowance) {
      part = d->allowance - size;
    }
    if (part == 0) continue;
    if (d->stream_size + part > d->stream_room) {
      d->stream_room = 2 * (d->stream_size + part);
      d->stream = realloc(d->stream, d->stream_room);
    }
    memcpy(d->stream + d->stream_size, slices[i].data, part);
    d->stream_size += part;
    size += part;
  }
  return size;
}

static bool take_output(driver *d) {
  midge_slice slices[8];
  size_t count = midge_session_output(d->session, slices, 8);
  if ((count == 0) != (midge_session_backlog(d->session) == 0) &&
      !d->commit_held) {
    driver_fail(d, "output and backlog disagree");
  }
  if (count > 0 && !d->connected) driver_fail(d, "output without transport");
  size_t size = gather(d, slices, count);
  if (size == 0) return false;
  if (d->output_held) d->allowance -= size;
  midge_session_sent(d->session, size);
  take_packets(d);
  return true;
}

static void empty(driver *d) {
  for (size_t round = 0; !d->failed; round++) {
    bool more = !d->events_held && take_events(d);
    more |= take_records(d);
    more |= load(d);
    more |= take_output(d);
    if (!more) break;
    if (round == ROUNDS_MAX) driver_fail(d, "a turn without an end");
  }
}

void driver_turn(driver *d) {
  empty(d);
  if (d->failed || d->events_held) return;
  if (midge_session_deadline(d->session) > d->now) return;
  /* A turn of its own, as a driver would take at once. */
  midge_session_elapsed(d->session, d->now);
  empty(d);
  if (!d->failed && midge_session_deadline(d->session) <= d->now) {
    driver_fail(d, "the deadline is due, and there is nothing to do");
  }
}

void driver_elapsed(driver *d, midge_time ms) {
  midge_time end = d->now + ms;
  midge_time next;
  while (!d->failed && (next = midge_session_deadline(d->session)) <= end) {
    d->now = next;
    midge_session_elapsed(d->session, d->now);
    driver_turn(d);
  }
  d->now = end;
  midge_session_elapsed(d->session, d->now);
  driver_turn(d);
}

void driver_jumped(driver *d, midge_time ms) {
  d->now += ms;
  midge_session_elapsed(d->session, d->now);
  driver_turn(d);
}

void driver_connected(driver *d) {
  d->connected = true;
  d->opened = d->closed = d->disconnecting = d->packets_sent = false;
  midge_session_connected(d->session);
  driver_turn(d);
}

/* There is room behind the bytes, as in what a socket has not filled. */
static void lend(driver *d, const uint8_t *bytes, size_t size) {
  enum { ROOM = 8 };
  midge_buffer *buffer =
      midge_buffer_new(&midge_allocator_default, size + ROOM);
  midge_slice lent = {buffer->data, size};
  midge_slice_copy(buffer->data, midge_slice_of(bytes, size));
  midge_session_received_in(d->session, lent, buffer);
  midge_buffer_release(buffer);
  driver_turn(d);
}

void driver_received(driver *d, const uint8_t *bytes, size_t size) {
  if (d->lends) {
    lend(d, bytes, size);
    return;
  }
  /* A copy of the exact size, gone on return: sanitizers see what is kept. */
  uint8_t *copy = malloc(size == 0 ? 1 : size);
  memcpy(copy, bytes, size);
  midge_session_received(d->session, (midge_slice){copy, size});
  memset(copy, 0xdb, size);
  free(copy);
  driver_turn(d);
}

void driver_disconnected(driver *d, bool by_server) {
  midge_session_disconnected(d->session, by_server);
  d->connected = false;
  d->stream_size = 0;
  driver_turn(d);
  if (!d->closed && !d->events_mixed) {
    driver_fail(d, "a connection ended without closed");
  }
}

static void journal_put(driver *d, journal_entry *entry) {
  journal_entry **at = &d->committed;
  while (*at != NULL && (*at)->key < entry->key) at = &(*at)->next;
  if (*at != NULL && (*at)->key == entry->key) {
    journal_entry *old = *at;
    *at = old->next;
    free(old->value);
    free(old);
  }
  if (entry->size == 0) {
    free(entry->value);
    free(entry);
    return;
  }
  entry->next = *at;
  *at = entry;
}

void driver_commit(driver *d, size_t count) {
  uint64_t position = d->position;
  for (; d->pending != NULL && count > 0; count--) {
    journal_entry *entry = d->pending;
    d->pending = entry->next;
    position = entry->position;
    journal_put(d, entry);
  }
  midge_session_committed(d->session, position);
}

size_t driver_journal_count(const driver *d) {
  size_t count = 0;
  for (journal_entry *e = d->committed; e != NULL; e = e->next) count++;
  return count;
}
