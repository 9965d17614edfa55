/* A transcript of a link: played whole; with the server's bytes cut at every
 * byte, and all at once; with the output taken byte by byte; and then, for
 * each of its steps, up to there, with something that nobody expected next,
 * and on to its end: whatever comes out then, it must be in order. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/slice.h"
#include "transcript/link/link_driver.h"

enum { SERVER_BYTES_MAX = 2048 };

typedef struct cutting {
  size_t at;        /* what the server sends, behind this byte; 0: nowhere */
  bool all, output; /* behind every byte; our output so too */
  size_t step;      /* the line behind which ... */
  const char *surprise; /* ... this happens, or null */
} cutting;

typedef struct teller {
  link_driver *d;
  cutting cut;
  bytes server;  /* what it sends next */
  size_t before; /* bytes it sent before these */
  size_t steps;
  bool expecting;
} teller;

static const char *const surprises[] = {
    "broken by_server=1",
    "ended",
    "failed",
    "elapsed 1h",
    "late 1h",
    "abort",
    "disconnect",
    "disconnect force=1",
    "reconnect",
    "close",
    "paused",
    "connect",
    "proceed attempt=1 url=\"mqtt://elsewhere\"",
};
enum { SURPRISES = sizeof surprises / sizeof surprises[0] };

static char now_playing[256]; /* for who dies of an assertion */

static void on_abort(int number) {
  ssize_t unused = write(STDERR_FILENO, now_playing, strlen(now_playing));
  (void)unused;
  signal(number, SIG_DFL);
  raise(number);
}

/* --- The server ------------------------------------------------------------
 */

static void deliver(teller *to) {
  size_t size = to->server.size, from = 0;
  bytes server = to->server;
  to->server = (bytes){0};
  if (size != 0) link_need(to->d);
  for (size_t end = 1; end <= size && !to->d->failed; end++) {
    bool here = to->cut.all || to->before + end == to->cut.at || end == size;
    if (!here) continue;
    link_received(to->d, server.data + from, end - from);
    from = end;
  }
  to->before += size;
  free(server.data);
}

static void send_packet(teller *to, const uint8_t *data, size_t size) {
  if (to->d->framed)
    frames_wrap(&to->server, data, size);
  else
    bytes_add(&to->server, data, size);
}

static void tell_server(teller *to, const char *text) {
  line in;
  size_t size = 0;
  line_parse(&in, text);
  if (strcmp(in.verb, "HEAD") == 0) {
    midge_slice head = line_text(&in, "", MIDGE_NO_SLICE);
    bytes_add(&to->server, head.data, head.size);
  } else if (strcmp(in.verb, "UPGRADED") == 0) {
    char protocol[16] = "";
    midge_slice named = line_text(&in, "protocol", MIDGE_TEXT("mqtt"));
    memcpy(protocol, named.data, named.size < 15 ? named.size : 15);
    char *head = frames_accept(to->d, protocol);
    bytes_add(&to->server, head, strlen(head));
    free(head);
  } else {
    uint8_t *data = wire_build(&in, to->d->version, &size);
    if (data == NULL) link_fail(to->d, "not a packet: %s", text);
    if (data != NULL) send_packet(to, data, size);
    free(data);
  }
  const char *unused = line_unused(&in);
  if (unused != NULL && in.verb[0] != 'H')
    link_fail(to->d, "what is '%s'?", unused);
  line_free(&in);
}

/* --- What must come out ----------------------------------------------------
 */

static void expect_head(link_driver *d, const char *text, const seen *next) {
  line in;
  line_parse(&in, text);
  field *f;
  for (size_t i = 0; (f = line_find(&in, "has", i)) != NULL; i++) {
    if (memmem(next->text, strlen(next->text), f->value.data, f->value.size) ==
        NULL)
      link_fail(d, "it is: %.300s", next->text);
  }
  if (strncmp(next->text, "HEAD ", 5) != 0) link_fail(d, "not a head");
  line_free(&in);
}

static void expect(link_driver *d, seen_list *list, const char *text) {
  line expected, actual;
  seen *next = seen_take(list);
  if (next == NULL) {
    link_fail(d, "nothing came");
    return;
  }
  if (strncmp(text + strspn(text, " "), "HEAD", 4) == 0) {
    expect_head(d, text, next);
    return;
  }
  line_parse(&expected, text);
  line_parse(&actual, next->text);
  if (expected.error[0] != '\0' || !line_matches(&expected, &actual))
    link_fail(d, "%s%s in: %.300s", expected.error, actual.error, next->text);
  line_free(&expected);
  line_free(&actual);
}

static void expect_nothing(link_driver *d) {
  seen *packet = seen_take(&d->packets);
  if (packet != NULL) link_fail(d, "also sent: %.300s", packet->text);
  seen *event = seen_take(&d->events);
  if (event != NULL) link_fail(d, "also told: %.300s", event->text);
}

/* --- Lines -----------------------------------------------------------------
 */

static void tell_option(link_driver *d, const char *text) {
  line options;
  line_parse(&options, text);
  if (d->link != NULL) link_fail(d, "too late for an option");
  line_join(&d->options, &options);
  line_free(&options);
}

static void surprise(teller *to) {
  if (to->cut.surprise == NULL || to->steps != to->cut.step) return;
  if (to->d->link == NULL) return;
  deliver(to);
  to->d->careless = true;
  link_tell(to->d, to->cut.surprise);
}

static void tell_expectation(teller *to, const char *text) {
  to->expecting = true;
  if (to->d->careless) return;
  if (text[0] == '>') expect(to->d, &to->d->packets, text + 1);
  if (text[0] == '=') expect(to->d, &to->d->events, text + 1);
  if (text[0] == '?') link_ask(to->d, text + 1);
}

static void tell_line(teller *to, const char *text) {
  link_driver *d = to->d;
  if (strncmp(text, "option ", 7) == 0) {
    tell_option(d, text);
    return;
  }
  if (text[0] == '<') {
    if (to->expecting && !d->careless) expect_nothing(d);
    to->expecting = false;
    tell_server(to, text + 1);
  } else {
    deliver(to);
    bool answer = strchr(">=?", text[0]) != NULL;
    if (answer) {
      tell_expectation(to, text);
      return;
    }
    if (to->expecting && !d->careless) expect_nothing(d);
    to->expecting = false;
    link_tell(d, text);
  }
  to->steps++;
  surprise(to);
}

static void tell_text(teller *to, const char *from, size_t size) {
  char *text = malloc(size + 1);
  memcpy(text, from, size);
  text[size] = '\0';
  size_t start = strspn(text, " ");
  char failure[512];
  if (text[start] != '\0' && text[start] != '#') {
    tell_line(to, text + start);
    if (to->d->failed) {
      memcpy(failure, to->d->failure, sizeof failure);
      snprintf(to->d->failure, sizeof to->d->failure, "`%.160s`: %.320s",
               text + start, failure);
    }
  }
  free(text);
}

static void tell_all(teller *to, const char *lines) {
  while (*lines != '\0' && !to->d->failed) {
    size_t size = strcspn(lines, "\n");
    tell_text(to, lines, size);
    lines += size + (lines[size] == '\n');
  }
  if (!to->d->failed) deliver(to);
  if (to->d->failed || to->d->link == NULL) return;
  if (!to->d->careless) expect_nothing(to->d);
  to->d->output_held = false;
  link_turn(to->d);
  if (!to->d->failed) link_finish(to->d);
}

/* --- Runs ------------------------------------------------------------------
 */

static bool run(const char *title, const char *lines, cutting cut,
                size_t *steps, size_t *server_bytes) {
  link_driver d;
  link_init(&d);
  d.byte_by_byte = cut.output;
  teller to = {.d = &d, .cut = cut};
  snprintf(now_playing, sizeof now_playing,
           "%s (cut at byte %zu%s%s, after step %zu: %s)\n", title, cut.at,
           cut.all ? ", everywhere" : "", cut.output ? ", output" : "",
           cut.step, cut.surprise == NULL ? "nothing" : cut.surprise);
  tell_all(&to, lines);
  *steps = to.steps;
  *server_bytes = to.before;
  free(to.server.data);
  link_free(&d);
  if (d.failed) fprintf(stderr, "%s  %s\n", now_playing, d.failure);
  return !d.failed;
}

bool link_play(const char *title, const char *lines) {
  size_t steps, sent, ignored;
  signal(SIGABRT, on_abort);
  bool good = run(title, lines, (cutting){0}, &steps, &sent);
  if (sent > SERVER_BYTES_MAX) sent = SERVER_BYTES_MAX;
  good = good && run(title, lines, (cutting){.all = true}, &ignored, &ignored);
  good =
      good && run(title, lines, (cutting){.output = true}, &ignored, &ignored);
  for (size_t at = 1; good && at < sent; at++)
    good = run(title, lines, (cutting){.at = at}, &ignored, &ignored);
  for (size_t step = 1; good && step <= steps; step++) {
    for (size_t i = 0; good && i < SURPRISES; i++)
      good =
          run(title, lines, (cutting){.step = step, .surprise = surprises[i]},
              &ignored, &ignored);
  }
  return good;
}
