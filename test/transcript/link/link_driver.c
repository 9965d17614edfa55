#include "transcript/link/link_driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

enum {
  ROUNDS_MAX = 100000, /* of a turn */
  SEED = 7,
  SERVERS_MAX = 4,
  SOON_MS = 60000, /* until all is over after close */
};

void bytes_add(bytes *to, const void *data, size_t size) {
  if (to->size + size > to->room) {
    to->room = 2 * (to->size + size);
    to->data = realloc(to->data, to->room);
  }
  if (size != 0) memcpy(to->data + to->size, data, size);
  to->size += size;
}

void bytes_drop(bytes *of, size_t size) {
  if (size == 0) return;
  memmove(of->data, of->data + size, of->size - size);
  of->size -= size;
}

static void bytes_free(bytes *of) {
  free(of->data);
  *of = (bytes){0};
}

void link_fail(link_driver *d, const char *format, ...) {
  if (d->failed) return;
  d->failed = true;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(d->failure, sizeof d->failure, format, arguments);
  va_end(arguments);
}

static void add_seen(seen_list *to, seen what) {
  if (to->count == to->room) {
    to->room = to->room == 0 ? 16 : 2 * to->room;
    to->list = realloc(to->list, to->room * sizeof *to->list);
  }
  to->list[to->count++] = what;
}

void link_init(link_driver *d) {
  memset(d, 0, sizeof *d);
  memory_init(&d->memory);
  d->now = 1000000;
}

void link_free(link_driver *d) {
  midge_link_free(d->link);
  if (d->memory.now != 0)
    link_fail(d, "%zu bytes are still out after free", d->memory.now);
  seen_clear(&d->packets);
  seen_clear(&d->events);
  bytes_free(&d->stream);
  bytes_free(&d->mqtt);
  bytes_free(&d->rest);
  line_free(&d->options);
}

/* --- The options -----------------------------------------------------------
 */

static void fill_session(line *in, midge_session_options *o) {
  o->version = wire_version(in);
  o->negotiate = line_number(in, "negotiate", 0);
  o->client_id = line_text(in, "client_id", MIDGE_NO_SLICE);
  o->user_name = line_text(in, "user_name", MIDGE_NO_SLICE);
  o->password = line_text(in, "password", MIDGE_NO_SLICE);
  o->clean_start = line_number(in, "clean_start", 0);
  o->session_expiry_s = (uint32_t)line_number(in, "session_expiry_s", 0);
  o->keep_alive_s = (uint16_t)line_number(in, "keep_alive_s", 0);
  o->hold = line_number(in, "hold", 0);
  o->acknowledge_by_hand = line_number(in, "acknowledge_by_hand", 0);
  o->at_release = line_number(in, "at_release", 0);
}

static void fill_life(line *in, midge_client_options *o) {
  o->url = line_text(in, "url", MIDGE_TEXT("mqtt://a"));
  o->proxy = line_text(in, "proxy", MIDGE_NO_SLICE);
  o->local_address = line_text(in, "local_address", MIDGE_NO_SLICE);
  o->nagle = line_number(in, "nagle", 0);
  o->ask = line_number(in, "ask", 0);
  o->connect_timeout_ms = (uint32_t)line_number(in, "connect_timeout_ms", 0);
  o->close_timeout_ms = (uint32_t)line_number(in, "close_timeout_ms", 0);
  o->reconnect.min_ms = (uint32_t)line_number(in, "min_ms", 0);
  o->reconnect.max_ms = (uint32_t)line_number(in, "max_ms", 0);
  o->reconnect.stable_ms = (uint32_t)line_number(in, "stable_ms", 0);
  o->reconnect.fixed = line_number(in, "fixed", 0);
  o->reconnect.off = line_number(in, "off", 0);
  o->reconnect.lasting = line_number(in, "lasting", 0);
  o->reconnect.redirects_max = (uint8_t)line_number(in, "redirects_max", 0);
}

void link_need(link_driver *d) {
  char text[160];
  line *in = &d->options;
  midge_slice servers[SERVERS_MAX];
  if (d->link != NULL || d->failed) return;
  midge_client_options options = {.servers = servers};
  fill_session(in, &options.session);
  options.session.context = d;
  fill_life(in, &options);
  field *f;
  while (options.server_count < SERVERS_MAX &&
         (f = line_find(in, "server", options.server_count)) != NULL)
    servers[options.server_count++] = f->value;
  midge_slice header = line_text(in, "header", MIDGE_NO_SLICE);
  options.websocket.headers = &header;
  options.websocket.header_count = header.data == NULL ? 0 : 1;
  d->proxied = options.proxy.data != NULL;
  d->framed = memcmp(options.url.data, "ws", 2) == 0;
  d->version = options.session.version;
  const char *unused = line_unused(in);
  if (unused != NULL) link_fail(d, "no option is called '%s'", unused);
  midge_status status = midge_link_new(&d->link, &options, &d->memory.allocator,
                                       SEED, text, sizeof text);
  if (status != MIDGE_OK) link_fail(d, "no link: %s", text);
  if (d->link != NULL) midge_link_clock(d->link, d->now);
}

/* --- What every link promises ----------------------------------------------
 */

static void check_attempt(link_driver *d, const midge_event *event) {
  if (event->connect != d->finished + 1 || event->connect > d->connects)
    link_fail(d, "an event of connect %u", event->connect);
  switch (event->type) {
    case MIDGE_EVENT_CONNECTING:
      if (d->running || event->attempt != d->attempts + 1)
        link_fail(d, "attempt %u begins out of place", event->attempt);
      d->attempts++;
      d->running = true;
      d->opened = false;
      return;
    case MIDGE_EVENT_OPENED:
      if (!d->running || d->opened || event->attempt != d->attempts)
        link_fail(d, "opened out of place");
      d->opened = true;
      return;
    case MIDGE_EVENT_CLOSED:
      if (event->attempt != (d->running ? d->attempts : 0))
        link_fail(d, "attempt %u ends out of place", event->attempt);
      if (!d->running && event->closed.retry_ms != MIDGE_NEVER)
        link_fail(d, "closed twice");
      d->running = false;
      if (event->closed.retry_ms != MIDGE_NEVER) return;
      d->finished++;
      if (event->connect == d->connects) d->asked = false;
      return;
    default:
      return;
  }
}

static void check_done(link_driver *d, uint64_t token) {
  for (size_t i = 0; i < d->done_count; i++) {
    if (d->done[i] == token)
      link_fail(d, "token %llu done twice", (unsigned long long)token);
  }
  d->done[d->done_count++ % 64] = token;
}

static void check_event(link_driver *d, const midge_event *event) {
  if (event->context != d) link_fail(d, "the context is not ours");
  if (d->ended) link_fail(d, "an event after the end");
  switch (event->type) {
    case MIDGE_EVENT_DONE:
      check_done(d, event->done.token);
      return;
    case MIDGE_EVENT_MESSAGE:
      return;
    case MIDGE_EVENT_ENDED:
      if (d->running || d->finished != d->connects)
        link_fail(d, "ended before the last closed");
      d->ended = true;
      return;
    default:
      check_attempt(d, event);
      return;
  }
}

/* The line of a session's event, and what a link adds to it. */
static char *describe(const midge_event *event) {
  char *text = NULL;
  size_t size = 0;
  char *of_session = wire_describe_event(event);
  FILE *to = open_memstream(&text, &size);
  fputs(of_session, to);
  free(of_session);
  bool of_attempt = event->type == MIDGE_EVENT_CONNECTING ||
                    event->type == MIDGE_EVENT_OPENED ||
                    event->type == MIDGE_EVENT_CLOSED;
  if (of_attempt)
    fprintf(to, " attempt=%u connect=%u", event->attempt, event->connect);
  if (event->type == MIDGE_EVENT_CONNECTING)
    fprintf(to, " retry=%u server=%u", event->connecting.retry,
            event->connecting.server);
  if (event->type == MIDGE_EVENT_CLOSED) {
    fprintf(
        to, " code=%.*s", (int)event->closed.code.size,
        event->closed.code.size == 0 ? "" : (char *)event->closed.code.data);
    fprintf(to, " http_status=%u", event->closed.http_status);
    if (event->closed.retry_ms == MIDGE_NEVER)
      fprintf(to, " retry_ms=never");
    else
      fprintf(to, " retry_ms=%llu", (unsigned long long)event->closed.retry_ms);
  }
  fclose(to);
  return text;
}

/* --- The transport ---------------------------------------------------------
 */

static void take_head(link_driver *d) {
  while (d->heads > 0) {
    bytes *s = &d->stream;
    uint8_t *end = s->size < 4 ? NULL : memmem(s->data, s->size, "\r\n\r\n", 4);
    if (end == NULL) return;
    size_t size = (size_t)(end + 4 - s->data);
    char *text = malloc(size + 6);
    memcpy(text, "HEAD ", 5);
    memcpy(text + 5, s->data, size);
    text[size + 5] = '\0';
    char *key = strstr(text, "Sec-WebSocket-Key: ");
    if (key != NULL) sscanf(key, "Sec-WebSocket-Key: %63[^\r]", d->key);
    add_seen(&d->packets, (seen){text, NULL, 0});
    bytes_drop(s, size);
    d->heads--;
  }
}

static void take_packets(link_driver *d) {
  size_t done = 0;
  for (;;) {
    midge_packet packet;
    midge_decode_result result = midge_packet_decode(
        &(midge_decode_options){.version = d->version,
                                .text = MIDGE_TEXT_LENIENT},
        (midge_slice){d->mqtt.data + done, d->mqtt.size - done}, &packet);
    if (result.outcome == MIDGE_REFUSED)
      link_fail(d, "it sent what no packet is: %s", result.text);
    if (result.outcome != MIDGE_DECODED) break;
    if (packet.type == MIDGE_CONNECT) d->version = packet.connect.version;
    seen what = {wire_describe(&packet), malloc(result.size), result.size};
    memcpy(what.bytes, d->mqtt.data + done, result.size);
    add_seen(&d->packets, what);
    done += result.size;
  }
  bytes_drop(&d->mqtt, done);
}

static void take_stream(link_driver *d) {
  take_head(d);
  if (d->heads > 0) return;
  if (d->framed) {
    frames_open(d);
  } else {
    bytes_add(&d->mqtt, d->stream.data, d->stream.size);
    d->stream.size = 0;
  }
  take_packets(d);
}

static bool take_output(link_driver *d) {
  midge_slice slices[8];
  size_t size = 0;
  size_t count = d->up ? midge_link_output(d->link, slices, 8) : 0;
  size_t most = d->byte_by_byte ? 1 : SIZE_MAX;
  if (d->output_held && d->allowance < most) most = d->allowance;
  for (size_t i = 0; i < count && size < most; i++) {
    size_t part = slices[i].size < most - size ? slices[i].size : most - size;
    bytes_add(&d->stream, slices[i].data, part);
    size += part;
  }
  if (size == 0) return false;
  if (d->output_held) d->allowance -= size;
  midge_link_written(d->link, d->attempt, size);
  take_stream(d);
  if (d->rest.size == 0 || !d->up) return true;
  bytes rest = d->rest;
  d->rest = (bytes){0};
  link_received(d, rest.data, rest.size);
  bytes_free(&rest);
  return true;
}

static void mind_transport(link_driver *d) {
  uint32_t attempt = midge_link_attempt(d->link);
  if (attempt == d->attempt) return;
  d->attempt = attempt;
  d->up = false;
  d->stream.size = d->mqtt.size = d->rest.size = 0;
}

static bool take_events(link_driver *d) {
  midge_event event;
  bool any = false;
  while (midge_link_event(d->link, &event)) {
    any = true;
    check_event(d, &event);
    add_seen(&d->events, (seen){describe(&event), NULL, 0});
  }
  return any;
}

static bool empty(link_driver *d) {
  bool more = take_events(d);
  mind_transport(d);
  more |= take_output(d);
  mind_transport(d);
  if (d->up) {
    (void)midge_link_is_shut(d->link);
    (void)midge_link_reading(d->link);
  }
  (void)midge_link_freed(d->link);
  return more;
}

void link_turn(link_driver *d) {
  for (int round = 0; d->link != NULL && !d->failed; round++) {
    if (round == ROUNDS_MAX) link_fail(d, "a turn without an end");
    if (empty(d)) continue;
    if (d->late || midge_link_deadline(d->link) > d->now) return;
    midge_link_elapsed(d->link, d->now);
    if (!empty(d) && midge_link_deadline(d->link) <= d->now)
      link_fail(d, "the deadline is due, and there is nothing to do");
  }
}

void link_elapsed(link_driver *d, midge_time ms) {
  midge_time end = d->now + ms, next;
  d->late = false;
  while (!d->failed && (next = midge_link_deadline(d->link)) <= end) {
    if (next > d->now) d->now = next;
    midge_link_elapsed(d->link, d->now);
    link_turn(d);
  }
  d->now = end;
  midge_link_elapsed(d->link, d->now);
  link_turn(d);
}

/* --- Facts -----------------------------------------------------------------
 */

static uint32_t numbered(const link_driver *d, uint32_t attempt) {
  return attempt != 0 ? attempt : d->attempt;
}

void link_dialed(link_driver *d, uint32_t attempt) {
  midge_place place;
  bool old = attempt != 0 && attempt != d->attempt;
  if (!old && !midge_link_dial(d->link, &place)) return;
  if (!old) {
    d->up = true;
    d->heads = (unsigned)d->proxied + (unsigned)d->framed;
  }
  midge_link_dialed(d->link, numbered(d, attempt));
  link_turn(d);
}

void link_failed(link_driver *d, uint32_t attempt, const midge_fault *fault) {
  midge_place place;
  bool old = attempt != 0 && attempt != d->attempt;
  if (!old && !midge_link_dial(d->link, &place)) return;
  midge_link_failed(d->link, numbered(d, attempt), fault);
  link_turn(d);
}

void link_received(link_driver *d, const uint8_t *data, size_t size) {
  if (!d->up) return;
  /* A copy of the exact size, gone on return: sanitizers see what is kept. */
  uint8_t *copy = malloc(size == 0 ? 1 : size);
  memcpy(copy, data, size);
  size_t taken =
      midge_link_received(d->link, d->attempt, midge_slice_of(copy, size));
  memset(copy, 0xdb, size);
  free(copy);
  if (taken < size) bytes_add(&d->rest, data + taken, size - taken);
  link_turn(d);
}

void link_broken(link_driver *d, uint32_t attempt, const midge_fault *fault) {
  bool old = attempt != 0 && attempt != d->attempt;
  if (!old && !d->up) return;
  midge_link_broken(d->link, numbered(d, attempt), fault);
  link_turn(d);
}

void link_ended(link_driver *d, uint32_t attempt) {
  bool old = attempt != 0 && attempt != d->attempt;
  if (!old && (!d->up || !midge_link_reading(d->link))) return;
  midge_link_ended(d->link, numbered(d, attempt));
  link_turn(d);
}

void link_wish(link_driver *d, const midge_wish *wish) {
  if (d->closed_handle) return;
  if (wish->type == MIDGE_WISH_CONNECT) d->connects++;
  if (wish->type <= MIDGE_WISH_ABORT)
    d->asked = wish->type == MIDGE_WISH_CONNECT;
  d->closed_handle = wish->type == MIDGE_WISH_CLOSE;
  midge_link_wish(d->link, wish);
  link_turn(d);
}

void link_finish(link_driver *d) {
  link_wish(d, &(midge_wish){.type = MIDGE_WISH_CLOSE});
  link_elapsed(d, SOON_MS);
  midge_place place;
  if (!d->ended || !midge_link_is_over(d->link)) link_fail(d, "no end");
  if (midge_link_attempt(d->link) != 0 || midge_link_dial(d->link, &place))
    link_fail(d, "a transport is wanted after the end");
  if (midge_link_deadline(d->link) != MIDGE_NEVER)
    link_fail(d, "a deadline after the end");
}
