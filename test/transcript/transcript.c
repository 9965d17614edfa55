#include "transcript/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript/record.h"
#include "transcript/wish.h"

/* A transcript sends less than this; the cuts are squared in it. */
#define SERVER_BYTES_MAX 4096u

static void need_session(driver *d) {
  if (d->session != NULL || d->failed) return;
  midge_status status = driver_start(d);
  if (status != MIDGE_OK && !d->careless) {
    driver_fail(d, "no session: %s", midge_status_name(status));
  }
}

/* The bytes of the server so far, in one piece or cut. */
static void deliver(teller *to) {
  size_t size = to->size, from = 0;
  to->size = 0;
  if (size == 0) return;
  need_session(to->driver);
  if (to->driver->session == NULL) return;
  for (size_t end = 1; end <= size && !to->driver->failed; end++) {
    bool cut = to->cut.all || to->before + end == to->cut.at || end == size;
    if (!cut) continue;
    driver_received(to->driver, to->bytes + from, end - from);
    from = end;
  }
  to->before += size;
}

static void server_sends(teller *to, const uint8_t *bytes, size_t size) {
  to->bytes = realloc(to->bytes, to->size + size + 1);
  memcpy(to->bytes + to->size, bytes, size);
  to->size += size;
}

static void tell_server(teller *to, const char *text) {
  uint8_t *bytes;
  size_t size = 0;
  if (text[0] == 'x') {
    bytes = hex_parse(text + 1, &size);
  } else {
    line packet;
    line_parse(&packet, text);
    bytes = wire_build(&packet, to->driver->version, &size);
    const char *unused = line_unused(&packet);
    if (bytes == NULL || packet.error[0] != '\0' || unused != NULL) {
      driver_fail(to->driver, "not a packet (%s%s): %s", packet.error,
                  unused == NULL ? "" : unused, text);
    }
    line_free(&packet);
  }
  if (bytes != NULL) {
    record_sent(bytes, size);
    server_sends(to, bytes, size);
  }
  free(bytes);
}

static void expect_bytes(driver *d, const seen *packet, const char *text) {
  size_t size;
  uint8_t *bytes = hex_parse(text, &size);
  if (size != packet->size || memcmp(bytes, packet->bytes, size) != 0) {
    driver_fail(d, "other bytes came: %s", packet->text);
  }
  free(bytes);
}

static void expect_seen(driver *d, seen_list *list, const char *text) {
  seen *next = seen_take(list);
  if (next == NULL) {
    driver_fail(d, "nothing came");
    return;
  }
  if (text[0] == 'x') {
    expect_bytes(d, next, text + 1);
    return;
  }
  line expected, actual;
  line_parse(&expected, text);
  line_parse(&actual, next->text);
  if (expected.error[0] != '\0' || !line_matches(&expected, &actual)) {
    driver_fail(d, "%s%s in: %.300s", expected.error, actual.error, next->text);
  }
  line_free(&expected);
  line_free(&actual);
}

static void expect_nothing(driver *d) {
  seen *packet = seen_take(&d->packets);
  if (packet != NULL) driver_fail(d, "also sent: %.300s", packet->text);
  seen *event = seen_take(&d->events);
  if (event != NULL) driver_fail(d, "also told: %.300s", event->text);
}

static bool is_expectation(const char *text) {
  return text[0] == '>' || text[0] == '=' || text[0] == '?';
}

static void tell_option(driver *d, const char *text) {
  line options;
  line_parse(&options, text);
  if (d->session != NULL) driver_fail(d, "too late for an option");
  line_join(&d->options, &options);
  line_free(&options);
}

static void tell_expectation(teller *to, const char *text) {
  driver *d = to->driver;
  to->expecting = true;
  if (d->careless) return;
  if (text[0] == '>') expect_seen(d, &d->packets, text + 1);
  if (text[0] == '=') expect_seen(d, &d->events, text + 1);
  if (text[0] == '?') wish_ask(d, text + 1);
}

static void tell_line(teller *to, const char *text) {
  driver *d = to->driver;
  if (text[0] != '<') record_line(text);
  if (strncmp(text, "option ", 7) == 0) {
    tell_option(d, text);
    return;
  }
  if (text[0] != '<') deliver(to);
  if (is_expectation(text)) {
    tell_expectation(to, text);
    return;
  }
  if (to->expecting && !d->failed && !d->careless) expect_nothing(d);
  to->expecting = false;
  if (text[0] == '<') {
    tell_server(to, text + 1);
  } else {
    if (strncmp(text, "refused ", 8) != 0) need_session(d);
    bool possible = d->session != NULL || strncmp(text, "refused ", 8) == 0;
    if (!d->failed && possible) wish_tell(d, text);
  }
}

static void tell_text(teller *to, const char *from, size_t size) {
  char *text = malloc(size + 1);
  memcpy(text, from, size);
  text[size] = '\0';
  size_t start = strspn(text, " ");
  char failure[512];
  if (text[start] != '\0' && text[start] != '#') {
    tell_line(to, text + start);
    if (to->driver->failed) {
      memcpy(failure, to->driver->failure, sizeof failure);
      snprintf(to->driver->failure, sizeof to->driver->failure,
               "`%.160s`: %.320s", text + start, failure);
    }
  }
  free(text);
}

bool transcript_tell(teller *to, const char *lines) {
  while (*lines != '\0' && !to->driver->failed) {
    size_t size = strcspn(lines, "\n");
    tell_text(to, lines, size);
    lines += size + (lines[size] == '\n');
  }
  return !to->driver->failed;
}

bool transcript_end(teller *to) {
  if (!to->driver->failed) deliver(to);
  if (!to->driver->failed) expect_nothing(to->driver);
  free(to->bytes);
  to->bytes = NULL;
  return !to->driver->failed;
}

static bool same_seen(const seen_list *a, const seen_list *b) {
  if (a->count != b->count) return false;
  for (size_t i = 0; i < a->count; i++) {
    if (strcmp(a->list[i].text, b->list[i].text) != 0) return false;
    if (a->list[i].size != b->list[i].size) return false;
    if (a->list[i].bytes == NULL) continue;
    if (memcmp(a->list[i].bytes, b->list[i].bytes, a->list[i].size) != 0) {
      return false;
    }
  }
  return true;
}

/* One run. What comes out is compared with the first, or becomes the first. */
static bool run(const char *title, const char *lines, transcript_cut cut,
                driver *first, size_t *server_bytes) {
  driver d;
  driver_init(&d);
  d.byte_by_byte = cut.output;
  d.lends = cut.lent;
  teller to = {.driver = &d, .cut = cut};
  transcript_tell(&to, lines);
  transcript_end(&to);
  *server_bytes = to.before;
  if (!d.failed && first->now != 0 &&
      !(same_seen(&first->packets, &d.packets) &&
        same_seen(&first->events, &d.events))) {
    driver_fail(&d, "not the same as in one piece");
  }
  bool good = !d.failed;
  if (!good) {
    fprintf(stderr, "%s (cut at %zu%s%s%s)\n  %s\n", title, cut.at,
            cut.all ? ", everywhere" : "", cut.output ? ", output" : "",
            cut.lent ? ", lent" : "", d.failure);
  }
  if (first->now == 0) {
    first->now = d.now;
    first->packets = d.packets;
    first->events = d.events;
    d.packets = d.events = (seen_list){0};
  }
  driver_free(&d);
  return good;
}

bool transcript_play(const char *title, const char *lines) {
  driver first = {0};
  size_t bytes = 0, same = 0;
  bool recorded = record_begin();
  bool good = run(title, lines, (transcript_cut){0}, &first, &bytes);
  if (recorded) record_end();
  if (good && bytes > SERVER_BYTES_MAX) bytes = SERVER_BYTES_MAX;
  good =
      good && run(title, lines, (transcript_cut){.all = true}, &first, &same);
  good = good &&
         run(title, lines, (transcript_cut){.output = true}, &first, &same);
  transcript_cut lent = {.lent = true};
  good = good && run(title, lines, lent, &first, &same);
  for (size_t at = 1; good && at < bytes; at++) {
    good = run(title, lines, (transcript_cut){.at = at}, &first, &same);
    lent.at = at;
    good = good && run(title, lines, lent, &first, &same);
  }
  seen_clear(&first.packets);
  seen_clear(&first.events);
  return good;
}
