/* Plays every transcript with an allocator that fails: at the first call, at
 * the second, and so on until none is left to fail; once that call alone, and
 * once all from there on. What comes out is not compared, but every promise
 * that holds for all sessions is, nothing may leak, and when there is memory
 * again, the session works.
 *
 * MQTT311-4.8.0-2: an error that is nobody's fault closes the connection. */
#include <stdio.h>
#include <string.h>

#include "transcript/book.h"
#include "transcript/transcript.h"

/* No transcript allocates more often than this. */
#define CALLS_MAX 5000u

static const char *connack_for(const seen *connect) {
  bool named = strstr(connect->text, " client_id=\"\"") == NULL;
  bool method = strstr(connect->text, "authentication_method=\"m\"") != NULL;
  if (method) return "< CONNACK authentication_method=\"m\"";
  return named ? "< CONNACK" : "< CONNACK assigned_client_identifier=\"x\"";
}

/* A session that drops what was in flight tells of it first. */
static void skip_dropped(driver *d) {
  static const char dropped[] = "status=ESESSION";
  seen_list *events = &d->events;
  while (events->first < events->count &&
         strstr(events->list[events->first].text, dropped) != NULL)
    events->first++;
}

/* There is memory again: connect, and be told of a message. */
static void recover(driver *d, teller *to) {
  d->memory.fail_at = 0;
  d->careless = false;
  to->expecting = false;
  to->size = 0;
  d->output_held = false;
  d->events_held = false;
  d->commit_held = false;
  if (d->session == NULL && driver_start(d) != MIDGE_OK) {
    /* The story is of options that cannot be. */
    return;
  }
  driver_turn(d);
  if (d->connected) driver_disconnected(d, false);
  seen_clear(&d->packets);
  seen_clear(&d->events);
  driver_connected(d);
  midge_session_hold(d->session, true);
  seen *connect = seen_take(&d->packets);
  if (connect == NULL) {
    driver_fail(d, "no CONNECT when there is memory again");
    return;
  }
  transcript_tell(to, connack_for(connect));
  transcript_tell(to, "elapsed 0s"); /* the server's bytes go with this */
  skip_dropped(d);
  transcript_tell(to, "= opened");
  midge_session_hold(d->session, false);
  driver_turn(d);
  seen_clear(&d->events);
  seen_clear(&d->packets);
  transcript_tell(to, "< PUBLISH topic=\"memory\"\n= message topic=\"memory\"");
}

/* False when no call was left to fail. */
static bool play_failing(const char *title, const char *lines, size_t at,
                         size_t count, bool *good) {
  driver d;
  driver_init(&d);
  d.careless = true;
  d.memory.fail_at = at;
  d.memory.fail_count = count;
  teller to = {.driver = &d};
  transcript_tell(&to, lines);
  size_t failed = d.memory.failed;
  if (!d.failed) recover(&d, &to);
  transcript_end(&to);
  if (d.failed) {
    fprintf(stderr, "%s (call %zu fails%s)\n  %s\n", title, at,
            count == 0 ? ", and all after it" : "", d.failure);
    *good = false;
  }
  driver_free(&d);
  return failed != 0;
}

static bool play(const char *title, const char *lines) {
  bool good = true;
  for (size_t at = 1; good && at < CALLS_MAX; at++) {
    bool more = play_failing(title, lines, at, 1, &good);
    if (!more) return good;
    if (good) play_failing(title, lines, at, 0, &good);
  }
  return false;
}

int main(int argc, char **argv) {
  return book_main(argc, argv, play);
}
