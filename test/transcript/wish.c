#include "transcript/wish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"

#define FILTERS_MAX 16

/* Each returns what the session says, or MIDGE_OK for a fact. */
typedef midge_status tell(driver *d, line *in);

static midge_request_options options_of(line *in, midge_property *room) {
  return (midge_request_options){
      .properties = wire_properties(in, "", room),
      .ttl_ms = (uint32_t)line_number(in, "ttl", 0),
      .timeout_ms = (uint32_t)line_number(in, "timeout", 0),
  };
}

static midge_publish publish_of(line *in, midge_property *room) {
  return (midge_publish){
      .topic = line_text(in, "topic", MIDGE_NO_SLICE),
      .payload = line_text(in, "payload", MIDGE_NO_SLICE),
      .qos = (midge_qos)line_number(in, "qos", 0),
      .retain = line_number(in, "retain", 0),
      .properties = wire_properties(in, "", room),
      .ttl_ms = (uint32_t)line_number(in, "ttl", 0),
      .timeout_ms = (uint32_t)line_number(in, "timeout", 0),
  };
}

static midge_status tell_publish(driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  midge_publish publish = publish_of(in, room);
  publish.coalesce = line_number(in, "coalesce", 0);
  publish.label = line_number(in, "token", 0);
  return midge_session_publish(d->session, &publish, publish.label);
}

static uint64_t number_at(line *in, const char *name, size_t index) {
  bool valid;
  field *f = line_find(in, name, index);
  return f == NULL ? 0 : field_number(f, &valid);
}

static midge_status tell_subscribe(driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  midge_subscription list[FILTERS_MAX] = {0};
  size_t count = 0;
  field *f;
  while ((f = line_find(in, "filter", count)) != NULL) {
    list[count] = (midge_subscription){
        .filter = f->value,
        .qos = (midge_qos)number_at(in, "qos", count),
        .no_local = number_at(in, "no_local", count),
        .retain_as_published = number_at(in, "retain_as_published", count),
        .retain_handling = (uint8_t)number_at(in, "retain_handling", count),
    };
    count++;
  }
  return midge_session_subscribe(d->session, list, count, options_of(in, room),
                                 line_number(in, "token", 0));
}

static midge_status tell_unsubscribe(driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  midge_slice list[FILTERS_MAX];
  size_t count = 0;
  field *f;
  while ((f = line_find(in, "filter", count)) != NULL) list[count++] = f->value;
  return midge_session_unsubscribe(d->session, list, count,
                                   options_of(in, room),
                                   line_number(in, "token", 0));
}

static midge_status tell_cancel(driver *d, line *in) {
  return midge_session_cancel(d->session, line_number(in, "token", 0));
}

static midge_status tell_acknowledge(driver *d, line *in) {
  if (line_has(in, "delivery"))
    return midge_session_acknowledge_delivery(d->session,
                                              line_number(in, "delivery", 0));
  return midge_session_acknowledge(d->session,
                                   (uint16_t)line_number(in, "id", 0),
                                   (midge_reason)line_number(in, "reason", 0));
}

static midge_status tell_acknowledge_all(driver *d, line *in) {
  midge_answer list[LINE_FIELDS_MAX];
  size_t count = 0;
  uint8_t qos = (uint8_t)line_number(in, "qos", 0);
  uint8_t reason = (uint8_t)line_number(in, "reason", 0);
  bool valid = true;
  field *f;
  for (; (f = line_find(in, "id", count)) != NULL; count++) {
    list[count] =
        (midge_answer){(uint16_t)field_number(f, &valid), qos, reason};
    reason = 0; /* it is the first one's */
  }
  midge_session_acknowledge_list(d->session, list, count);
  return valid ? MIDGE_OK : MIDGE_EINVAL;
}

static midge_status tell_authenticate(driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  return midge_session_authenticate(d->session,
                                    (midge_reason)line_number(in, "reason", 0),
                                    wire_properties(in, "", room));
}

static midge_status tell_disconnect(driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  return midge_session_disconnect(
      d->session, (midge_reason)line_number(in, "reason", 0),
      wire_properties(in, "", room), (uint32_t)line_number(in, "patience", 0));
}

static midge_status tell_set_will(driver *d, line *in) {
  midge_property room[PROPERTIES_MAX];
  midge_publish will = publish_of(in, room);
  bool none = in->count == 0;
  return midge_session_set_will(d->session, none ? NULL : &will);
}

static midge_status tell_set_credentials(driver *d, line *in) {
  return midge_session_set_credentials(
      d->session, line_text(in, "user_name", MIDGE_NO_SLICE),
      line_text(in, "password", MIDGE_NO_SLICE));
}

static midge_status tell_connected(driver *d, line *in) {
  (void)in;
  driver_connected(d);
  return MIDGE_OK;
}

static midge_status tell_disconnected(driver *d, line *in) {
  bool by_server = line_number(in, "by_server", 0);
  if (d->careless && !d->connected) return MIDGE_OK;
  driver_disconnected(d, by_server);
  return MIDGE_OK;
}

static midge_status tell_elapsed(driver *d, line *in) {
  driver_elapsed(d, line_argument(in));
  return MIDGE_OK;
}

static midge_status tell_jumped(driver *d, line *in) {
  driver_jumped(d, line_argument(in));
  return MIDGE_OK;
}

static midge_status tell_hold(driver *d, line *in) {
  (void)in;
  d->output_held = true;
  d->allowance = 0;
  return MIDGE_OK;
}

static midge_status tell_sent(driver *d, line *in) {
  if (line_has(in, "")) {
    d->allowance += line_argument(in);
  } else {
    d->output_held = false;
  }
  driver_turn(d);
  return MIDGE_OK;
}

static midge_status tell_hold_commit(driver *d, line *in) {
  (void)in;
  d->commit_held = true;
  return MIDGE_OK;
}

static midge_status tell_committed(driver *d, line *in) {
  d->commit_held = line_has(in, "");
  driver_commit(d, d->commit_held ? line_argument(in) : SIZE_MAX);
  driver_turn(d);
  return MIDGE_OK;
}

static midge_status tell_hold_events(driver *d, line *in) {
  (void)in;
  d->events_held = d->events_mixed = true;
  return MIDGE_OK;
}

static midge_status tell_events(driver *d, line *in) {
  (void)in;
  d->events_held = false;
  return MIDGE_OK;
}

static midge_status tell_paused(driver *d, line *in) {
  (void)in;
  midge_session_paused(d->session, true);
  return MIDGE_OK;
}

static midge_status tell_resumed(driver *d, line *in) {
  (void)in;
  midge_session_paused(d->session, false);
  return MIDGE_OK;
}

static midge_status tell_hold_messages(driver *d, line *in) {
  (void)in;
  d->messages_held = true;
  midge_session_hold(d->session, true);
  return MIDGE_OK;
}

static midge_status tell_messages(driver *d, line *in) {
  (void)in;
  d->messages_held = true;
  midge_session_hold(d->session, false);
  return MIDGE_OK;
}

static midge_status tell_ping(driver *d, line *in) {
  (void)in;
  return midge_session_ping(d->session);
}

static midge_status tell_postpone_ping(driver *d, line *in) {
  (void)in;
  midge_session_postpone_ping(d->session);
  return MIDGE_OK;
}

static midge_status tell_trace(driver *d, line *in) {
  midge_session_trace(d->session, line_argument(in));
  return MIDGE_OK;
}

static midge_status tell_abandon(driver *d, line *in) {
  (void)in;
  midge_session_abandon(d->session);
  return MIDGE_OK;
}

/* What it says anew comes before what was said: the first counts. */
static midge_status tell_restart(driver *d, line *in) {
  line_join(in, &d->options);
  line_join(&d->options, in);
  driver_restart(d, false);
  return MIDGE_OK;
}

static midge_status tell_restart_stale(driver *d, line *in) {
  (void)in;
  driver_restart(d, true);
  return MIDGE_OK;
}

static midge_status tell_session(driver *d, line *in) {
  (void)in;
  return d->session != NULL ? MIDGE_OK : driver_start(d);
}

static const struct {
  const char *verb;
  tell *tell;
} verbs[] = {
    {"publish", tell_publish},
    {"subscribe", tell_subscribe},
    {"unsubscribe", tell_unsubscribe},
    {"cancel", tell_cancel},
    {"acknowledge", tell_acknowledge},
    {"acknowledge_all", tell_acknowledge_all},
    {"authenticate", tell_authenticate},
    {"disconnect", tell_disconnect},
    {"set_will", tell_set_will},
    {"set_credentials", tell_set_credentials},
    {"connected", tell_connected},
    {"disconnected", tell_disconnected},
    {"elapsed", tell_elapsed},
    {"jumped", tell_jumped},
    {"hold", tell_hold},
    {"sent", tell_sent},
    {"hold_commit", tell_hold_commit},
    {"committed", tell_committed},
    {"hold_events", tell_hold_events},
    {"events", tell_events},
    {"hold_messages", tell_hold_messages},
    {"messages", tell_messages},
    {"paused", tell_paused},
    {"resumed", tell_resumed},
    {"ping", tell_ping},
    {"postpone_ping", tell_postpone_ping},
    {"trace", tell_trace},
    {"abandon", tell_abandon},
    {"restart", tell_restart},
    {"restart_stale", tell_restart_stale},
    {"session", tell_session},
};

static void tell_one(driver *d, const char *text, const char *expected) {
  line in;
  line_parse(&in, text);
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
    if (strcmp(in.verb, verbs[i].verb) != 0) continue;
    midge_status status = verbs[i].tell(d, &in);
    if (!d->careless && strcmp(wire_status_name(status), expected) != 0) {
      driver_fail(d, "status %s", wire_status_name(status));
    }
    const char *unused = line_unused(&in);
    if (unused != NULL) driver_fail(d, "what is '%s'?", unused);
    if (in.error[0] != '\0') driver_fail(d, "%s", in.error);
    line_free(&in);
    if (d->session != NULL) driver_turn(d);
    return;
  }
  driver_fail(d, "no such line");
  line_free(&in);
}

void wish_tell(driver *d, const char *text) {
  if (strncmp(text, "refused ", 8) != 0) {
    tell_one(d, text, "OK");
    return;
  }
  char expected[32] = {0};
  const char *name = text + 8;
  size_t size = strcspn(name, " ");
  memcpy(expected, name, size < sizeof expected ? size : 0);
  const char *rest = name + size + strspn(name + size, " ");
  bool needed = d->session == NULL && strcmp(rest, "session") != 0;
  if (needed && driver_start(d) != MIDGE_OK && !d->careless) {
    driver_fail(d, "no session");
  }
  if (needed && d->session == NULL) return;
  if (!d->failed) tell_one(d, rest, expected);
}

static uint64_t answer(driver *d, const char *question) {
  midge_time deadline = midge_session_deadline(d->session);
  if (strcmp(question, "unfinished") == 0) {
    return midge_session_unfinished(d->session);
  }
  if (strcmp(question, "held") == 0) return midge_session_held(d->session);
  if (strcmp(question, "backlog") == 0) {
    return midge_session_backlog(d->session);
  }
  if (strcmp(question, "memory_below") == 0) return d->memory.peak;
  if (strcmp(question, "journal") == 0) return driver_journal_count(d);
  if (strcmp(question, "deadline") == 0) {
    return deadline == MIDGE_NEVER ? MIDGE_NEVER : deadline - d->now;
  }
  driver_fail(d, "no such question");
  return 0;
}

void wish_ask(driver *d, const char *text) {
  line in;
  line_parse(&in, text);
  field *f = line_find(&in, "", 0);
  uint64_t actual = answer(d, in.verb);
  uint64_t expected = MIDGE_NEVER;
  if (f == NULL || !field_is(f, "never")) expected = line_argument(&in);
  bool below = strcmp(in.verb, "memory_below") == 0;
  if (below ? actual >= expected : actual != expected) {
    driver_fail(d, "it is %llu", (unsigned long long)actual);
  }
  line_free(&in);
}
