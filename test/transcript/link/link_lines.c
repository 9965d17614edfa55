#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "transcript/link/link_driver.h"

enum { FILTERS_MAX = 8 };

typedef void tell(link_driver *d, line *in);

/* --- Facts -----------------------------------------------------------------
 */

static void copy_word(char *to, size_t room, midge_slice word) {
  if (word.data != NULL)
    snprintf(to, room, "%.*s", (int)word.size, (const char *)word.data);
}

static midge_fault fault_of(line *in, midge_status status) {
  midge_fault fault = {.status = status};
  fault.by_server = line_number(in, "by_server", 0);
  copy_word(fault.code, sizeof fault.code,
            line_text(in, "code", MIDGE_TEXT("ECONNRESET")));
  copy_word(fault.text, sizeof fault.text,
            line_text(in, "text", MIDGE_TEXT("no luck")));
  return fault;
}

static uint32_t attempt_of(line *in) {
  return (uint32_t)line_number(in, "attempt", 0);
}

static void tell_dialed(link_driver *d, line *in) {
  link_dialed(d, attempt_of(in));
}

static void tell_failed(link_driver *d, line *in) {
  midge_fault fault = fault_of(in, MIDGE_EERRNO);
  link_failed(d, attempt_of(in), &fault);
}

static void tell_broken(link_driver *d, line *in) {
  midge_fault fault = fault_of(in, MIDGE_ELOST);
  link_broken(d, attempt_of(in), &fault);
}

static void tell_ended(link_driver *d, line *in) {
  link_ended(d, attempt_of(in));
}

static void tell_elapsed(link_driver *d, line *in) {
  link_elapsed(d, line_argument(in));
}

static void tell_late(link_driver *d, line *in) {
  d->now += line_argument(in);
  d->late = true;
  midge_link_clock(d->link, d->now);
}

static void tell_paused(link_driver *d, line *in) {
  (void)in;
  midge_link_paused(d->link, true);
  link_turn(d);
}

static void tell_resumed(link_driver *d, line *in) {
  (void)in;
  midge_link_paused(d->link, false);
  link_turn(d);
}

static void tell_hold_output(link_driver *d, line *in) {
  (void)in;
  d->output_held = true;
  d->allowance = 0;
}

static void tell_written(link_driver *d, line *in) {
  if (line_has(in, ""))
    d->allowance += line_argument(in);
  else
    d->output_held = false;
  link_turn(d);
}

/* --- Wishes ----------------------------------------------------------------
 */

static void wish_when(link_driver *d, bool allowed, const midge_wish *wish) {
  if (allowed) {
    link_wish(d, wish);
  } else if (!d->careless) {
    link_fail(d, "a call that would be refused");
  }
}

static void tell_connect(link_driver *d, line *in) {
  midge_wish wish = {.type = MIDGE_WISH_CONNECT};
  (void)in;
  wish.connect.number = d->connects + 1;
  wish_when(d, !d->asked, &wish);
}

static void tell_disconnect(link_driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  midge_wish wish = {.type = MIDGE_WISH_DISCONNECT};
  wish.disconnect.force = line_number(in, "force", 0);
  wish.disconnect.reason = (midge_reason)line_number(in, "reason", 0);
  wish.disconnect.properties = wire_properties(in, "", room);
  wish_when(d, d->asked, &wish);
}

static void tell_abort(link_driver *d, line *in) {
  (void)in;
  link_wish(d, &(midge_wish){.type = MIDGE_WISH_ABORT});
}

static void tell_reconnect(link_driver *d, line *in) {
  (void)in;
  wish_when(d, d->asked, &(midge_wish){.type = MIDGE_WISH_RECONNECT});
}

static void tell_close(link_driver *d, line *in) {
  (void)in;
  link_wish(d, &(midge_wish){.type = MIDGE_WISH_CLOSE});
}

static void tell_hurry(link_driver *d, line *in) {
  (void)in;
  midge_link_hurry(d->link);
  link_turn(d);
}

static void tell_proceed(link_driver *d, line *in) {
  midge_wish wish = {.type = MIDGE_WISH_PROCEED};
  midge_slice header = line_text(in, "header", MIDGE_NO_SLICE);
  wish.proceed.number = attempt_of(in);
  wish.proceed.attempt = (midge_attempt){
      .url = line_text(in, "url", MIDGE_NO_SLICE),
      .user_name = line_text(in, "user_name", MIDGE_NO_SLICE),
      .password = line_text(in, "password", MIDGE_NO_SLICE),
      .headers = header.data == NULL ? NULL : &header,
      .header_count = header.data == NULL ? 0 : 1,
  };
  wish_when(d, d->asked, &wish);
}

static void tell_hold(link_driver *d, line *in) {
  midge_wish wish = {.type = MIDGE_WISH_HOLD};
  wish.hold.on = line_number(in, "on", 1);
  link_wish(d, &wish);
}

static void tell_publish(link_driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  midge_wish wish = {.type = MIDGE_WISH_PUBLISH, .cost = 1};
  wish.token = line_number(in, "token", 0);
  wish.publish = (midge_publish){
      .topic = line_text(in, "topic", MIDGE_TEXT("t")),
      .payload = line_text(in, "payload", MIDGE_NO_SLICE),
      .qos = (midge_qos)line_number(in, "qos", 0),
      .properties = wire_properties(in, "", room),
      .ttl_ms = (uint32_t)line_number(in, "ttl_ms", 0),
      .timeout_ms = (uint32_t)line_number(in, "timeout_ms", 0),
  };
  wish_when(d, d->asked, &wish);
}

static void tell_subscribe(link_driver *d, line *in) {
  midge_subscription one = {
      .filter = line_text(in, "filter", MIDGE_TEXT("#")),
      .qos = (midge_qos)line_number(in, "qos", 0),
  };
  midge_wish wish = {.type = MIDGE_WISH_SUBSCRIBE, .cost = 1};
  wish.token = line_number(in, "token", 0);
  wish.subscribe.list = &one;
  wish.subscribe.count = 1;
  wish_when(d, d->asked, &wish);
}

static void tell_cancel(link_driver *d, line *in) {
  midge_wish wish = {.type = MIDGE_WISH_CANCEL};
  wish.token = line_number(in, "token", 0);
  link_wish(d, &wish);
}

static void tell_acknowledge(link_driver *d, line *in) {
  midge_wish wish = {.type = MIDGE_WISH_ACKNOWLEDGE};
  wish.acknowledge.packet_id = (uint16_t)line_number(in, "id", 0);
  wish.acknowledge.qos = (midge_qos)line_number(in, "qos", 0);
  wish.acknowledge.attempt = (uint32_t)line_number(in, "of", 0);
  wish_when(d, d->asked, &wish);
}

static const struct {
  const char *verb;
  tell *tell;
} verbs[] = {
    {"dialed", tell_dialed},
    {"failed", tell_failed},
    {"broken", tell_broken},
    {"ended", tell_ended},
    {"elapsed", tell_elapsed},
    {"late", tell_late},
    {"paused", tell_paused},
    {"resumed", tell_resumed},
    {"hold_output", tell_hold_output},
    {"written", tell_written},
    {"connect", tell_connect},
    {"disconnect", tell_disconnect},
    {"abort", tell_abort},
    {"reconnect", tell_reconnect},
    {"close", tell_close},
    {"hurry", tell_hurry},
    {"proceed", tell_proceed},
    {"hold", tell_hold},
    {"publish", tell_publish},
    {"subscribe", tell_subscribe},
    {"cancel", tell_cancel},
    {"acknowledge", tell_acknowledge},
};

void link_tell(link_driver *d, const char *text) {
  line in;
  link_need(d);
  if (d->failed) return;
  line_parse(&in, text);
  size_t at = 0, count = sizeof verbs / sizeof verbs[0];
  while (at < count && strcmp(in.verb, verbs[at].verb) != 0) at++;
  if (at == count) link_fail(d, "no such line");
  if (at < count) verbs[at].tell(d, &in);
  const char *unused = line_unused(&in);
  if (unused != NULL) link_fail(d, "what is '%s'?", unused);
  if (in.error[0] != '\0') link_fail(d, "%s", in.error);
  line_free(&in);
}

/* --- Questions -------------------------------------------------------------
 */

static void ask_dial(link_driver *d, line *in) {
  midge_place place;
  char text[320];
  field *none = line_find(in, "", 0);
  bool wanted = midge_link_dial(d->link, &place);
  if (none != NULL) {
    if (wanted) link_fail(d, "%s is to be dialed", place.host);
    return;
  }
  if (!wanted) {
    link_fail(d, "nothing is to be dialed");
    return;
  }
  snprintf(text, sizeof text,
           "dial host=\"%s\" port=%u attempt=%u nagle=%d%s%s%s", place.host,
           place.port, place.attempt, place.nagle,
           place.local_address == NULL ? "" : " local_address=\"",
           place.local_address == NULL ? "" : place.local_address,
           place.local_address == NULL ? "" : "\"");
  line actual;
  line_parse(&actual, text);
  if (!line_matches(in, &actual)) link_fail(d, "%s in: %s", actual.error, text);
  line_free(&actual);
}

static uint64_t answer(link_driver *d, const char *question) {
  midge_time deadline = midge_link_deadline(d->link);
  if (strcmp(question, "reading") == 0) return midge_link_reading(d->link);
  if (strcmp(question, "shut") == 0) return midge_link_is_shut(d->link);
  if (strcmp(question, "over") == 0) return midge_link_is_over(d->link);
  if (strcmp(question, "attempt") == 0) return midge_link_attempt(d->link);
  if (strcmp(question, "leaving") == 0) return midge_link_is_leaving(d->link);
  if (strcmp(question, "deadline") == 0)
    return deadline == MIDGE_NEVER ? MIDGE_NEVER : deadline - d->now;
  link_fail(d, "no such question");
  return 0;
}

void link_ask(link_driver *d, const char *text) {
  line in;
  link_need(d);
  if (d->failed) return;
  line_parse(&in, text);
  if (strcmp(in.verb, "dial") == 0) {
    ask_dial(d, &in);
  } else {
    uint64_t actual = answer(d, in.verb), expected = MIDGE_NEVER;
    field *f = line_find(&in, "", 0);
    if (f == NULL || !field_is(f, "never")) expected = line_argument(&in);
    if (actual != expected)
      link_fail(d, "it is %llu", (unsigned long long)actual);
  }
  line_free(&in);
}
