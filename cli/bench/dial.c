#include "dial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../run.h"
#include "churn.h"
#include "usage.h"

/* Under way at the same time: without a rate fewer than servers keep waiting
 * (their backlog is often 100), with one so many that only a server that does
 * not keep up meets it. */
enum { DIALS_MAX = 64, RATED_DIALS_MAX = 4096 };

/* `%i` in a topic is the number of the client. */
static midge_slice topic_of(cli_settings *settings, uint32_t index) {
  const char *topic = (const char *)settings->topics.list[0].data;
  const char *at = strstr(topic, "%i");
  if (at == NULL) return settings->topics.list[0];
  return text_of(
      sentence(settings, "%.*s%u%s", (int)(at - topic), topic, index, at + 2));
}

bool dial_prepare(bench *run) {
  cli_settings *settings = run->settings;
  char text[256];
  bool has_room = usage_make_room(settings->bench.clients, text, sizeof text);
  if (text[0] != '\0') complain(settings, "%s", text);
  if (!has_room) return false;
  run->count = (size_t)settings->bench.clients;
  run->clients = calloc(run->count, sizeof *run->clients);
  size_t size = (size_t)settings->bench.size;
  run->payload = calloc(1, size + 1);
  if (run->clients == NULL || run->payload == NULL) {
    complain(settings, "there is no memory for so many clients");
    return false;
  }
  for (size_t i = 0; i < size; i++) run->payload[i] = (uint8_t)('a' + i % 26);
  for (uint32_t i = 0; i < run->count; i++) {
    run->clients[i].bench = run;
    run->clients[i].index = i;
    waiting_add(&run->idle, &run->clients[i].place, 0);
    if (run->kind != BENCH_CONN) run->clients[i].topic = topic_of(settings, i);
  }
  return true;
}

/* --- One connection --- */

static bool is_rated(const bench *run) {
  return run->kind == BENCH_CONN && run->settings->bench.rate > 0;
}

static void fail(bench *run, const char *what, const char *why) {
  complain(run->settings, "%s: %s", what, why);
  run->code = EXIT_FAILURE;
  run->phase = PHASE_ENDED;
}

static midge_status open_client(bench *run, bench_client *client, char *name,
                                size_t name_size, char *why, size_t why_size) {
  midge_client_options options = run->settings->client;
  midge_slice id = options.session.client_id;
  if (id.size == 0)
    snprintf(name, name_size, "midge-bench-%ld-%u", (long)getpid(),
             client->index);
  else
    snprintf(name, name_size, "%.*s-%u", (int)(id.size < 100 ? id.size : 100),
             (const char *)id.data, client->index);
  options.session.client_id = text_of(name);
  options.session.context = client;
  options.reconnect.off = run->kind == BENCH_CONN;
  return midge_client_open(&client->client, run->reactor, &options, why,
                           why_size);
}

static void begin(bench *run, bench_client *client, uint64_t due) {
  char name[128] = "a client", why[256] = "";
  midge_status status = MIDGE_OK;
  if (client->client == NULL)
    status = open_client(run, client, name, sizeof name, why, sizeof why);
  if (status == MIDGE_OK) status = midge_client_connect(client->client);
  if (status != MIDGE_OK) {
    fail(run, name, why[0] == '\0' ? midge_status_text(status) : why);
    return;
  }
  client->was_open = client->is_parting = false;
  client->due = due;
  run->dialled++;
  run->dialling++;
}

bool dial_is_over(const bench *run, uint64_t now) {
  if (!bench_churns(run)) return run->dialled == run->count;
  if (run->dialled >= bench_total(run)) return true;
  if (!is_rated(run)) return now >= run->over;
  return bench_due(run, run->dialled) >= run->over;
}

static size_t dials_max(const bench *run) {
  return is_rated(run) ? RATED_DIALS_MAX : DIALS_MAX;
}

void dial_some(bench *run, uint64_t now) {
  while (run->phase != PHASE_ENDED && !dial_is_over(run, now) &&
         run->dialling < dials_max(run)) {
    uint64_t due = is_rated(run) ? bench_due(run, run->dialled) : clock_now();
    if (is_rated(run) && due > now) return;
    waiter *one = waiting_take(&run->idle, now);
    if (one == NULL) return;
    if (is_rated(run)) histogram_add(&run->late, clock_now() - due);
    begin(run, (bench_client *)one, due);
  }
}

uint64_t dial_deadline(const bench *run) {
  bool can = run->idle.first != NULL && run->dialling < dials_max(run);
  if (!can || dial_is_over(run, 0)) return MIDGE_NEVER;
  return is_rated(run) ? bench_due(run, run->dialled) : 0;
}

bool dial_is_done(const bench *run) {
  if (run->kind == BENCH_CONN)
    return dial_is_over(run, 0) && run->dialling == 0;
  return run->ready == run->count;
}

void dial_give_up(bench *run, uint64_t now) {
  if (!bench_churns(run) || !is_rated(run)) return;
  uint64_t until = run->over < now ? run->over : now;
  for (; run->dialled < bench_total(run); run->dialled++) {
    uint64_t due = bench_due(run, run->dialled);
    if (due >= until) return;
    bench_give_up(run, due, now);
  }
}

/* --- What becomes of it --- */

static void become_ready(bench *run, bench_client *client) {
  if (client->is_ready) return;
  client->is_ready = true;
  run->ready++;
}

static void subscribe(bench *run, bench_client *client) {
  midge_subscription one = {.filter = client->topic,
                            .qos = (midge_qos)run->settings->qos};
  midge_request_options options = {
      .properties = settings_properties(run->settings, MIDGE_SUBSCRIBE)};
  midge_status status =
      midge_client_subscribe(client->client, &one, 1, options, DIAL_TOKEN);
  if (status != MIDGE_OK) fail(run, "subscribe", midge_status_text(status));
}

void dial_opened(bench *run, bench_client *client, uint64_t now) {
  client->is_open = true;
  run->connected++;
  run->heard = now;
  if (client->was_open) return; /* it is back, with its subscription */
  client->was_open = true;
  run->dialling--;
  if (run->kind == BENCH_CONN) bench_count(run, client->due, now);
  if (bench_churns(run)) churn_opened(run, client, now);
  if (run->kind == BENCH_SUB || run->kind == BENCH_ECHO)
    subscribe(run, client);
  else
    become_ready(run, client);
}

void dial_closed(bench *run, bench_client *client, const midge_event *event,
                 uint64_t now) {
  if (run->phase == PHASE_ENDED) return;
  if (client->is_open) {
    client->is_open = false;
    run->connected--;
    if (!client->is_parting) run->disconnects++;
    if (bench_churns(run)) churn_closed(run, client);
    return;
  }
  bench_fault(run, event->closed.status, event->closed.text);
  if (client->was_open) return; /* it goes on trying */
  bool is_needed = run->kind != BENCH_CONN || run->done == 0;
  run->failed++;
  run->dialling--;
  if (bench_churns(run)) churn_failed(run, client, now);
  if (!is_needed) return;
  char text[FAULT_TEXT];
  snprintf(text, sizeof text, "%.*s", (int)event->closed.text.size,
           (const char *)event->closed.text.data);
  fail(run, run->connected == 0 ? "the first connection" : "a connection",
       text);
}

void dial_subscribed(bench *run, bench_client *client,
                     const midge_event *event) {
  if (run->phase == PHASE_ENDED) return;
  midge_slice reasons = event->done.reasons;
  const char *why = NULL;
  if (event->done.status != MIDGE_OK)
    why = midge_status_text(event->done.status);
  else if (reasons.size == 1 && reasons.data[0] >= 0x80)
    why = midge_reason_text(reasons.data[0]);
  if (event->done.status == MIDGE_OK && reasons.data[0] < 0x80)
    become_ready(run, client);
  else
    fail(run, "subscribe", why == NULL ? "the server refused it" : why);
}

/* --- The end --- */

void dial_part(bench *run) {
  midge_properties properties =
      settings_properties(run->settings, MIDGE_DISCONNECT);
  for (size_t i = 0; i < run->count; i++) {
    midge_client *client = run->clients[i].client;
    if (client == NULL) continue;
    midge_status status =
        midge_client_disconnect(client, MIDGE_REASON_SUCCESS, properties, true);
    (void)status; /* it is gone already */
  }
}

void dial_free(bench *run) {
  for (size_t i = 0; run->clients != NULL && i < run->count; i++)
    senders_free(&run->clients[i].senders);
  free(run->clients);
  free(run->payload);
}
