/* From names to connections. Lookups are answered by this file. */
#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "program.h"

static const midge_properties none = {NULL, 0};

static atomic_bool released; /* lookups of "stuck..." may come back */
static atomic_int stuck;     /* of them, under way */
static atomic_int asked;     /* for "many.test", which are stuck at first too */

static struct addrinfo *new_address(const char *text, int family,
                                    struct addrinfo *next) {
  struct addrinfo *info = calloc(1, sizeof *info);
  info->ai_family = family;
  info->ai_socktype = SOCK_STREAM;
  info->ai_next = next;
  if (family == AF_INET6) {
    struct sockaddr_in6 *address = calloc(1, sizeof *address);
    address->sin6_family = AF_INET6;
    inet_pton(AF_INET6, text, &address->sin6_addr);
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof *address;
  } else {
    struct sockaddr_in *address = calloc(1, sizeof *address);
    address->sin_family = AF_INET;
    inet_pton(AF_INET, text, &address->sin_addr);
    info->ai_addr = (struct sockaddr *)address;
    info->ai_addrlen = sizeof *address;
  }
  return info;
}

/* In place of the system's, for libuv too. */
#define EXPORTED __attribute__((visibility("default")))
EXPORTED int getaddrinfo(const char *name, const char *service,
                         const struct addrinfo *hints,
                         struct addrinfo **found) {
  (void)service;
  (void)hints;
  bool is_many = strcmp(name, "many.test") == 0;
  if (is_many) atomic_fetch_add(&asked, 1);
  if (is_many || strncmp(name, "stuck", 5) == 0) {
    atomic_fetch_add(&stuck, 1);
    while (!atomic_load(&released)) usleep(1000);
    atomic_fetch_sub(&stuck, 1);
    if (!is_many) return EAI_AGAIN;
    *found = new_address("127.0.0.1", AF_INET, NULL);
    return 0;
  }
  if (strcmp(name, "both.test") == 0) {
    *found =
        new_address("::1", AF_INET6, new_address("127.0.0.1", AF_INET, NULL));
    return 0;
  }
  if (strcmp(name, "slow.test") == 0) { /* the first address never answers */
    *found = new_address("127.0.0.2", AF_INET,
                         new_address("127.0.0.1", AF_INET, NULL));
    return 0;
  }
  if (strcmp(name, "ours.test") == 0) { /* the first refuses, one is far */
    *found = new_address("127.0.0.1", AF_INET,
                         new_address("255.255.255.255", AF_INET, NULL));
    return 0;
  }
  return strcmp(name, "busy.test") == 0 ? EAI_AGAIN : EAI_NONAME;
}

EXPORTED void freeaddrinfo(struct addrinfo *found) {
  while (found != NULL) {
    struct addrinfo *next = found->ai_next;
    free(found->ai_addr);
    free(found);
    found = next;
  }
}

static program p;

static void try_to_connect(const char *url,
                           const midge_client_options *options) {
  program_start(&p, url, options);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
}

static void expect_failure(const char *url, midge_status status,
                           const char *code, const char *part_of_text) {
  char text[300];
  try_to_connect(url, NULL);
  for (int i = 0; i < 2; i++) { /* and again */
    wait_for(&p, MIDGE_EVENT_CONNECTING);
    wait_for(&p, MIDGE_EVENT_CLOSED);
    assert_int_equal(p.event.closed.status, status);
    assert_int_equal(p.event.closed.by, MIDGE_SIDE_NETWORK);
    if (!slice_is(p.event.closed.code, code))
      fail_msg("%.*s", (int)p.event.closed.code.size,
               (const char *)p.event.closed.code.data);
    snprintf(text, sizeof text, "%.*s", (int)p.event.closed.text.size,
             (const char *)p.event.closed.text.data);
    if (strstr(text, part_of_text) == NULL)
      fail_msg("\"%s\" does not say \"%s\"", text, part_of_text);
  }
  program_stop(&p);
}

static void nobody_listens(void **state) {
  (void)state;
  expect_failure("mqtt://127.0.0.1:1", MIDGE_EERRNO, "ECONNREFUSED",
                 "127.0.0.1:1: connection refused");
  expect_failure("mqtt://[::1]:1", MIDGE_EERRNO, "ECONNREFUSED", "[::1]:1");
  expect_failure("mqtt://both.test:1", MIDGE_EERRNO, "ECONNREFUSED", ":1");
}

static void no_such_name(void **state) {
  (void)state;
  expect_failure("mqtt://name.invalid", MIDGE_ELOOKUP, "ENOTFOUND",
                 "name.invalid");
  expect_failure("mqtt://busy.test", MIDGE_ELOOKUP, "EAI_AGAIN", "busy.test");
}

/* What this machine cannot reach says less than a server that refuses. */
static void the_refusal_is_told_not_what_we_lack(void **state) {
  (void)state;
  char url[64];
  broker *b = broker_start(&(broker_options){0});
  snprintf(url, sizeof url, "mqtt://ours.test:%u", broker_port(b));
  broker_stop(b);
  expect_failure(url, MIDGE_EERRNO, "ECONNREFUSED", "127.0.0.1");
}

static void both_families_are_tried(void **state) {
  (void)state;
  for (int ipv6 = 0; ipv6 < 2; ipv6++) {
    broker *b = broker_start(&(broker_options){.ipv6 = ipv6 != 0});
    if (b == NULL) continue; /* no IPv6 here */
    char url[64];
    snprintf(url, sizeof url, "mqtt://both.test:%u", broker_port(b));
    try_to_connect(url, NULL);
    wait_for(&p, MIDGE_EVENT_OPENED);
    assert_int_equal(p.closed, 0);
    program_stop(&p);
    broker_stop(b);
  }
}

/* A socket that takes no connection: its queue of new ones is full, so that
 * further ones get no answer. */
typedef struct hole {
  int listener;
  int fillers[8];
} hole;

static void dig(hole *h, const char *address, uint16_t port) {
  struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
  inet_pton(AF_INET, address, &in.sin_addr);
  h->listener = socket(AF_INET, SOCK_STREAM, 0);
  int on = 1;
  setsockopt(h->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  assert_int_equal(bind(h->listener, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(listen(h->listener, 0), 0);
  for (size_t i = 0; i < sizeof h->fillers / sizeof *h->fillers; i++) {
    h->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)!connect(h->fillers[i], (struct sockaddr *)&in, sizeof in);
  }
}

static void fill_in(hole *h) {
  for (size_t i = 0; i < sizeof h->fillers / sizeof *h->fillers; i++)
    close(h->fillers[i]);
  close(h->listener);
}

static void a_silent_address_does_not_hold_up_the_next(void **state) {
  (void)state;
  hole silent;
  char url[64];
  broker *b = broker_start(&(broker_options){0});
  dig(&silent, "127.0.0.2", broker_port(b));
  snprintf(url, sizeof url, "mqtt://slow.test:%u", broker_port(b));
  try_to_connect(url, NULL);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(p.closed, 0);
  program_stop(&p);
  fill_in(&silent);
  broker_stop(b);
}

static void connecting_has_a_time_limit(void **state) {
  (void)state;
  hole silent;
  char url[64];
  broker *b = broker_start(&(broker_options){0});
  dig(&silent, "127.0.0.3", broker_port(b));
  snprintf(url, sizeof url, "mqtt://127.0.0.3:%u", broker_port(b));
  try_to_connect(url, &(midge_client_options){.connect_timeout_ms = 100});
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ETIMEOUT);
  assert_true(slice_is(p.event.closed.code, "ETIMEDOUT"));
  program_stop(&p); /* in the middle of the next one */
  fill_in(&silent);
  broker_stop(b);
}

static void the_local_address_can_be_chosen(void **state) {
  (void)state;
  broker *b = broker_start(&(broker_options){0});
  midge_client_options options = {.local_address = MIDGE_TEXT("127.0.0.9")};
  try_to_connect(url_of(b), &options);
  wait_for(&p, MIDGE_EVENT_OPENED);
  program_stop(&p);
  options.local_address = MIDGE_TEXT("::1"); /* of the other family */
  try_to_connect(url_of(b), &options);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_true(slice_is(p.event.closed.code, "EADDRNOTAVAIL"));
  program_stop(&p);
  broker_stop(b);
}

static midge_client *connect_another(const char *url) {
  midge_client *client;
  midge_client_options options = {
      .url = {(const uint8_t *)url, strlen(url)},
      .session.client_id = MIDGE_TEXT("another"),
  };
  assert_int_equal(midge_client_open(&client, p.reactor, &options, NULL, 0),
                   MIDGE_OK);
  assert_int_equal(midge_client_connect(client), MIDGE_OK);
  return client;
}

/* All of them want the name before there is an answer. Who has waited for it
 * for a second is not joined, and a slow machine may need some. */
static void clients_of_one_server_share_a_lookup(void **state) {
  (void)state;
  enum { OTHERS = 15 };
  char url[64];
  midge_client *first = NULL;
  broker *b = broker_start(&(broker_options){0});
  atomic_store(&released, false);
  atomic_store(&asked, 0);
  snprintf(url, sizeof url, "mqtt://many.test:%u", broker_port(b));
  try_to_connect(url, NULL);
  for (int i = 0; i < OTHERS; i++) {
    midge_client *another = connect_another(url);
    if (first == NULL) first = another;
  }
  for (int i = 0; i < OTHERS + 1; i++) wait_for(&p, MIDGE_EVENT_CONNECTING);
  midge_client_abort(first); /* it leaves, and the others go on */
  atomic_store(&released, true);
  for (int i = 0; i < OTHERS; i++) wait_for(&p, MIDGE_EVENT_OPENED);
  assert_true(atomic_load(&asked) > 0);
  assert_true(atomic_load(&asked) < OTHERS / 2);
  program_stop(&p);
  broker_stop(b);
}

/* A pool that is full of others has not begun with it. */
static void who_leaves_a_lookup_in_line_leaves_it_to_the_others(void **state) {
  (void)state;
  enum { STUCK = 9 };
  char url[64];
  broker *b = broker_start(&(broker_options){0});
  atomic_store(&released, false);
  try_to_connect("mqtt://stuck.test", NULL);
  for (int i = 1; i < STUCK; i++) {
    snprintf(url, sizeof url, "mqtt://stuck%d.test", i);
    connect_another(url);
  }
  /* Clients that connect together are not served in the order of the calls. */
  for (int i = 0; i < STUCK; i++) wait_for(&p, MIDGE_EVENT_CONNECTING);
  snprintf(url, sizeof url, "mqtt://many.test:%u", broker_port(b));
  midge_client *first = connect_another(url);
  connect_another(url);
  for (int i = 0; i < 2; i++) wait_for(&p, MIDGE_EVENT_CONNECTING);
  midge_client_abort(first);
  wait_for(&p, MIDGE_EVENT_CLOSED); /* it has left */
  atomic_store(&released, true);
  wait_for(&p, MIDGE_EVENT_OPENED);
  assert_int_equal(p.event.attempt, 1);
  program_stop(&p);
  broker_stop(b);
}

static void release_lookups(void) {
  atomic_store(&released, true);
  for (int i = 0; i < 10000 && atomic_load(&stuck) != 0; i++) usleep(1000);
  usleep(100000); /* for the thread that waited for it */
}

static void a_stuck_lookup_holds_nobody(void **state) {
  (void)state;
  atomic_store(&released, false);
  program_start(&p, "mqtt://stuck.test",
                &(midge_client_options){.connect_timeout_ms = 100});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_CLOSED);
  assert_int_equal(p.event.closed.status, MIDGE_ETIMEOUT);
  assert_int_equal(midge_client_disconnect(p.client, 0, none, false), MIDGE_OK);
  wait_for_end(&p, MIDGE_OK);
  program_stop(&p);
  assert_true(atomic_load(&stuck) > 0); /* and still is */
  release_lookups();
}

/* More lookups than the pool has threads: some run, some wait in line. */
static void a_stop_does_not_wait_for_lookups(void **state) {
  (void)state;
  atomic_store(&released, false);
  program_start(&p, "mqtt://stuck.test", NULL);
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  for (int i = 0; i < 9; i++) {
    char url[64];
    snprintf(url, sizeof url, "mqtt://stuck%d.test", i);
    connect_another(url);
  }
  while (atomic_load(&stuck) == 0) usleep(1000);
  program_stop(&p);
  assert_true(atomic_load(&stuck) > 0);
  release_lookups();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nobody_listens),
      cmocka_unit_test(no_such_name),
      cmocka_unit_test(the_refusal_is_told_not_what_we_lack),
      cmocka_unit_test(both_families_are_tried),
      cmocka_unit_test(a_silent_address_does_not_hold_up_the_next),
      cmocka_unit_test(connecting_has_a_time_limit),
      cmocka_unit_test(the_local_address_can_be_chosen),
      cmocka_unit_test(clients_of_one_server_share_a_lookup),
      cmocka_unit_test(who_leaves_a_lookup_in_line_leaves_it_to_the_others),
      cmocka_unit_test(a_stuck_lookup_holds_nobody),
      cmocka_unit_test(a_stop_does_not_wait_for_lookups),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
