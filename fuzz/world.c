#include "world.h"

#include <string.h>

#include "check.h"

enum { ROUNDS_MAX = 100000, SLICES_MAX = 256, MEMORY_MAX = 64 << 20 };

/* --- Memory --------------------------------------------------------------- */

static void *resize(void *context, void *block, size_t old_size,
                    size_t new_size) {
  world *w = context;
  CHECK((block == NULL) == (old_size == 0));
  if (new_size != 0 && w->fail_at != 0 && ++w->calls >= w->fail_at) {
    /* Two in a row, so that the second attempt fails as well. */
    if (w->calls > w->fail_at) w->fail_at = 0;
    w->failing = true;
    return NULL;
  }
  w->bytes += new_size - old_size;
  CHECK(w->bytes <= MEMORY_MAX);
  w->blocks += block == NULL;
  w->blocks -= new_size == 0;
  if (new_size != 0) return realloc(block, new_size);
  free(block);
  return NULL;
}

/* --- Trace ---------------------------------------------------------------- */

/* By words, for there may be much of it. */
static uint64_t hash(uint64_t sum, const void *data, size_t size) {
  const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
  const uint8_t *bytes = data;
  for (; size >= 8; size -= 8, bytes += 8) {
    uint64_t word;
    memcpy(&word, bytes, 8);
    sum = (sum ^ word) * factor;
    sum ^= sum >> 32;
  }
  for (; size != 0; size--) sum = (sum ^ *bytes++) * factor;
  return sum;
}

static void note(world *w, uint64_t value) {
  w->trace = hash(w->trace, &value, sizeof value);
}

static void note_slice(world *w, midge_slice slice) {
  note(w, slice.size);
  w->trace = hash(w->trace, slice.data, slice.size);
}

/* --- Journal -------------------------------------------------------------- */

static size_t find_record(const world *w, uint64_t key) {
  size_t at = 0;
  while (at < w->record_count && w->records[at].key < key) at++;
  return at;
}

static void drop_record(world *w, size_t at) {
  free((void *)w->records[at].head.data);
  w->record_count--;
  memmove(&w->records[at], &w->records[at + 1],
          (w->record_count - at) * sizeof *w->records);
}

static void keep_record(world *w, const midge_record *record) {
  size_t at = find_record(w, record->key);
  if (at < w->record_count && w->records[at].key == record->key)
    drop_record(w, at);
  if (record->head.size == 0 || w->record_count == WORLD_RECORDS) return;

  midge_slice head = record->head, body = record->body;
  uint8_t *copy = malloc(head.size + body.size);
  CHECK(copy != NULL);
  memcpy(copy, head.data, head.size);
  if (body.size != 0) memcpy(copy + head.size, body.data, body.size);
  memmove(&w->records[at + 1], &w->records[at],
          (w->record_count - at) * sizeof *w->records);
  w->records[at] = (world_record){
      record->key, {copy, head.size}, {copy + head.size, body.size}};
  w->record_count++;
}

static void take_records(world *w) {
  midge_record record;
  while (midge_session_record(w->session, &record)) {
    CHECK(w->options.durable);
    CHECK(record.position == w->written + 1);
    w->written = record.position;
    note(w, record.key);
    note_slice(w, record.head);
    note_slice(w, record.body);
    keep_record(w, &record);
  }
}

/* --- What the server sees ------------------------------------------------- */

static bool is_from_client(midge_packet_type type) {
  const uint32_t from_client =
      MIDGE_IN(CONNECT) | MIDGE_IN(PUBLISH) | MIDGE_IN(PUBACK) |
      MIDGE_IN(PUBREC) | MIDGE_IN(PUBREL) | MIDGE_IN(PUBCOMP) |
      MIDGE_IN(SUBSCRIBE) | MIDGE_IN(UNSUBSCRIBE) | MIDGE_IN(PINGREQ) |
      MIDGE_IN(DISCONNECT) | MIDGE_IN(AUTH);
  return (from_client >> type & 1) != 0;
}

static void check_sent_packet(world *w, const midge_packet *packet,
                              size_t size) {
  CHECK(is_from_client(packet->type));
  CHECK((packet->type == MIDGE_CONNECT) == !w->said_connect);
  CHECK(!w->said_disconnect);
  CHECK(size <= w->packet_size_max);
  server_hears(&w->server, packet);
  w->said_connect = true;
  if (packet->type == MIDGE_CONNECT) w->version = packet->connect.version;
  if (packet->type == MIDGE_DISCONNECT) w->said_disconnect = true;
  /* A shared filter is checked as such in any version. */
  if (packet->type == MIDGE_PUBLISH && w->version != MIDGE_MQTT_5)
    CHECK(packet->publish.topic.size != 0);
}

static void check_sent(world *w) {
  midge_decode_options options = {.version = w->version,
                                  .text = MIDGE_TEXT_LENIENT};
  size_t at = 0;
  while (at < w->sent_size) {
    midge_packet packet;
    midge_slice rest = {w->sent + at, w->sent_size - at};
    midge_decode_result result = midge_packet_decode(&options, rest, &packet);
    if (result.outcome == MIDGE_REFUSED)
      fprintf(stderr, "sent: %s\n", result.text);
    CHECK(result.outcome != MIDGE_REFUSED);
    if (result.outcome == MIDGE_NEED_MORE) break;
    check_sent_packet(w, &packet, result.size);
    options.version = w->version;
    at += result.size;
  }
  w->sent_size -= at;
  memmove(w->sent, w->sent + at, w->sent_size);
}

static void keep_sent(world *w, midge_slice bytes) {
  while (bytes.size != 0) {
    size_t part = WORLD_SENT_ROOM - w->sent_size;
    if (part > bytes.size) part = bytes.size;
    CHECK(part != 0); /* no packet is that large here */
    memcpy(w->sent + w->sent_size, bytes.data, part);
    w->sent_size += part;
    bytes.data += part;
    bytes.size -= part;
    check_sent(w);
  }
}

/* Looking twice shows the same, and more of it perhaps. */
static void look(world *w) {
  midge_slice slices[SLICES_MAX];
  size_t count = midge_session_output(w->session, slices, SLICES_MAX);
  size_t size = 0;
  for (size_t i = 0; i < count; i++) {
    CHECK(slices[i].size != 0);
    size += slices[i].size;
  }
  CHECK(size <= midge_session_backlog(w->session));
  if (count < SLICES_MAX) CHECK(size == midge_session_backlog(w->session));
  CHECK(w->connected || size == 0);
  if (w->has_shown) {
    CHECK(count != 0 && slices[0].data == w->shown.data);
    CHECK(slices[0].size >= w->shown.size);
    CHECK(hash(0, w->shown.data, w->shown.size) == w->shown_hash);
  }
  w->has_shown = count != 0;
  if (count == 0) return;
  w->shown = slices[0];
  w->shown_hash = hash(0, slices[0].data, slices[0].size);
}

/* --- What the program sees ------------------------------------------------ */

static void opened(world *w, const midge_event *event) {
  CHECK(w->connected && !w->opened && !w->closed);
  w->opened = true;
  CHECK(event->opened.limits.packet_size_max != 0);
  CHECK(event->opened.limits.receive_max != 0);
  if (w->said_connect) CHECK(event->opened.version == w->version);
  note(w, event->opened.session_present);
  note(w, event->opened.renewed);
  note_slice(w, event->opened.client_id);
}

static void message(world *w, const midge_event *event) {
  midge_slice topic = event->message.topic;
  CHECK(w->opened && !w->closed);
  CHECK(midge_topic_check(topic, w->options.text) == MIDGE_OK);
  CHECK((event->message.packet_id == 0) ==
        (event->message.qos == MIDGE_AT_MOST_ONCE));
  note_slice(w, topic);
  note_slice(w, event->message.payload);
  note(w, event->message.packet_id);
  if (event->message.packet_id != 0)
    w->received_ids[w->received_count++ % WORLD_IDS] = event->message.packet_id;
}

static void done(world *w, const midge_event *event) {
  uint64_t token = event->done.token;
  CHECK(token != 0 && token < WORLD_TOKENS);
  CHECK(w->tokens[token] == WORLD_TAKEN);
  w->tokens[token] = WORLD_DONE;
  note(w, token);
  note(w, (uint64_t)event->done.status);
  note_slice(w, event->done.reasons);
}

static void closed(world *w, const midge_event *event) {
  CHECK(!w->closed);
  w->closed = true;
  note(w, event->closed.by);
  note(w, (uint64_t)event->closed.status);
  note(w, event->closed.reason);
  note(w, event->closed.lasting);
  note_slice(w, event->closed.text);
}

static void take_event(world *w, const midge_event *event) {
  note(w, event->type);
  note_slice(w, event->properties);
  switch (event->type) {
    case MIDGE_EVENT_OPENED:
      opened(w, event);
      return;
    case MIDGE_EVENT_MESSAGE:
      message(w, event);
      return;
    case MIDGE_EVENT_DONE:
      done(w, event);
      return;
    case MIDGE_EVENT_STORED:
      CHECK(w->options.durable);
      note(w, event->stored.token);
      return;
    case MIDGE_EVENT_AUTHENTICATE:
      CHECK(w->connected && !w->closed);
      note(w, event->authenticate.reason);
      return;
    case MIDGE_EVENT_CLOSED:
      closed(w, event);
      return;
    default:
      CHECK(event->type == MIDGE_EVENT_OPENED); /* not of a session */
  }
}

void world_end_turn(world *w) {
  unsigned rounds = 0;
  do {
    midge_event event;
    CHECK(rounds++ < ROUNDS_MAX);
    midge_session_elapsed(w->session, w->now);
    while (midge_session_event(w->session, &event)) take_event(w, &event);
    take_records(w);
    look(w);
  } while (midge_session_deadline(w->session) <= w->now);
}

/* --- Facts ---------------------------------------------------------------- */

void world_connected(world *w) {
  if (w->connected) return;
  world_end_turn(w); /* what is still to be told of the last one */
  w->connected = true;
  w->opened = w->closed = false;
  w->said_connect = w->said_disconnect = false;
  w->packet_size_max = UINT32_MAX;
  w->version = w->options.version;
  server_init(&w->server, &(midge_decode_options){
                              .version = w->options.version,
                              .text = w->options.text,
                              .packet_size_max = w->options.packet_size_max});
  w->sent_size = 0;
  w->has_shown = false;
  midge_session_connected(w->session);
}

/* In blocks of their own, which are gone when the call returns. */
static void receive(world *w, midge_slice bytes) {
  uint8_t *copy = malloc(bytes.size);
  CHECK(copy != NULL);
  memcpy(copy, bytes.data, bytes.size);
  midge_session_received(w->session, (midge_slice){copy, bytes.size});
  memset(copy, 0xA5, bytes.size);
  free(copy);
}

void world_received(world *w, midge_slice bytes) {
  if (!w->connected || bytes.size == 0) return;
  server_says(&w->server, bytes);
  size_t part = w->in_pieces ? 1 : bytes.size;
  for (; bytes.size != 0; bytes.data += part, bytes.size -= part)
    receive(w, (midge_slice){bytes.data, part});
}

void world_sent(world *w, size_t size) {
  midge_slice slices[SLICES_MAX];
  look(w);
  size_t count = midge_session_output(w->session, slices, SLICES_MAX);
  size_t sent = 0;
  for (size_t i = 0; i < count && size != 0; i++) {
    if (slices[i].size > size) slices[i].size = size;
    size -= slices[i].size;
    sent += slices[i].size;
    note_slice(w, slices[i]);
    keep_sent(w, slices[i]);
  }
  w->has_shown = false;
  midge_session_sent(w->session, sent);
}

void world_disconnected(world *w) {
  if (!w->connected) return;
  midge_session_disconnected(w->session, false);
  w->has_shown = false;
  world_end_turn(w);
  CHECK(w->closed);
  w->connected = false;
  CHECK(midge_session_backlog(w->session) == 0);
}

void world_committed(world *w) {
  take_records(w);
  midge_session_committed(w->session, w->written);
}

void world_elapsed(world *w, midge_time more) {
  w->now += more;
  midge_session_elapsed(w->session, w->now);
}

/* --- Wishes --------------------------------------------------------------- */

uint64_t world_token(world *w) {
  return w->next_token < WORLD_TOKENS ? w->next_token++ : 0;
}

void world_wished(world *w, uint64_t token, midge_status status) {
  CHECK(status <= 0);
  note(w, (uint64_t)status);
  if (status == MIDGE_OK && token != 0) w->tokens[token] = WORLD_TAKEN;
}

void world_abandoned(world *w) {
  midge_session_abandon(w->session);
  world_end_turn(w);
  CHECK(midge_session_unfinished(w->session) == 0);
  /* Without memory there may have been none to say so. */
  for (size_t i = 0; i < WORLD_TOKENS && !w->failing; i++)
    CHECK(w->tokens[i] != WORLD_TAKEN);
}

/* --- Life ----------------------------------------------------------------- */

static void begin(world *w) {
  w->options.allocator = &w->allocator;
  midge_status status = midge_session_new(&w->session, &w->options);
  note(w, (uint64_t)status);
  if (status != MIDGE_OK) w->session = NULL;
  if (w->session != NULL) midge_session_elapsed(w->session, w->now);
}

void world_init(world *w, const midge_session_options *options, size_t fail_at,
                bool in_pieces) {
  memset(w, 0, offsetof(world, sent));
  w->options = *options;
  w->allocator = (midge_allocator){resize, w};
  w->fail_at = fail_at;
  w->in_pieces = in_pieces;
  w->next_token = 1;
  w->now = 1000000;
  begin(w);
}

void world_restart(world *w) {
  midge_session_free(w->session);
  CHECK(w->blocks == 0 && w->bytes == 0);
  /* Nobody is told of wishes that ended with the program. */
  for (size_t i = 0; i < WORLD_TOKENS; i++)
    if (w->tokens[i] == WORLD_TAKEN) w->tokens[i] = WORLD_DONE;
  w->connected = false;
  w->has_shown = false;
  w->received_count = 0;
  w->written = 0;
  begin(w);
  for (size_t i = 0; i < w->record_count && w->session != NULL; i++) {
    midge_record record = {.key = w->records[i].key,
                           .head = w->records[i].head,
                           .body = w->records[i].body};
    midge_status status = midge_session_restore(w->session, &record, 0);
    CHECK(status == MIDGE_OK || w->failing);
    note(w, (uint64_t)status);
  }
  if (w->session != NULL) midge_session_restored(w->session, false);
}

void world_free(world *w) {
  midge_session_free(w->session);
  CHECK(w->blocks == 0 && w->bytes == 0);
  while (w->record_count != 0) drop_record(w, w->record_count - 1);
}
