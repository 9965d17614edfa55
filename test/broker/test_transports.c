/* A client in C on every transport, to a real mosquitto and through real
 * proxies. */
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback.h"
#include "midge/client.h"
#include "mosquitto.h"
#include "unit/harness.h"

/* mosquitto 2.0.11 stalls, whoever the client is, when much waits to be sent
 * over WebSocket: there the large messages are smaller and fewer. */
enum { PATIENCE_MS = 60000, COUNT = 300 };
enum { LARGE = 300000, EVERY = 5, LARGE_WEBSOCKET = 70000 };
enum { EVERY_WEBSOCKET = 100 };
enum { PLAIN, TLS, WEBSOCKET, TLS_WEBSOCKET }; /* mosquitto's ports */

#define CERTIFICATE(name) MIDGE_CERTIFICATES "/" name

static mosquitto server;
static size_t large;   /* the size of some messages */
static uint64_t every; /* one in so many is large */

static int start_server(void **state) {
  (void)state;
  static const char tls[] = "certfile " CERTIFICATE("server.pem") "\n"
                            "keyfile " CERTIFICATE("server.key") "\n";
  char wss[1024];
  snprintf(wss, sizeof wss, "protocol websockets\n%s", tls);
  const char *const listeners[] = {tls, "protocol websockets\n", wss, NULL};
  mosquitto_prepare(&server, listeners);
  mosquitto_start(&server);
  return 0;
}

static int stop_server(void **state) {
  (void)state;
  mosquitto_clear(&server);
  return 0;
}

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

/* The next event that is not a message or a DONE, or the last of `count`. */
static midge_event next(midge_reactor *reactor) {
  midge_event event;
  if (!midge_reactor_wait(reactor, &event, PATIENCE_MS))
    fail_msg("no event in time");
  if (event.type == MIDGE_EVENT_CLOSED && event.closed.status != MIDGE_OK)
    fail_msg("%.*s", (int)event.closed.text.size,
             (const char *)event.closed.text.data);
  return event;
}

static void publish_all(midge_client *client) {
  static uint8_t payload[LARGE];
  for (uint64_t i = 0; i < COUNT; i++) {
    memcpy(payload, &i, sizeof i);
    midge_publish publish = {.topic = MIDGE_TEXT("transport"),
                             .payload = {payload, i % every == 0 ? large : 100},
                             .qos = MIDGE_EXACTLY_ONCE};
    assert_int_equal(midge_client_publish(client, &publish, i + 2), MIDGE_OK);
  }
}

static void take_all(midge_reactor *reactor) {
  uint64_t done = 0, received = 0, number;
  while (done < COUNT || received < COUNT) {
    midge_event event = next(reactor);
    if (event.type == MIDGE_EVENT_DONE) {
      assert_int_equal(event.done.status, MIDGE_OK);
      done++;
    }
    if (event.type != MIDGE_EVENT_MESSAGE) continue;
    memcpy(&number, event.message.payload.data, sizeof number);
    assert_int_equal(number, received++);
    assert_int_equal(event.message.payload.size,
                     number % every == 0 ? large : 100);
  }
}

/* Messages there and back, then a goodbye. */
static void exchange(const char *scheme, int port, const char *proxy) {
  char url[64], why[256];
  bool websocket = port >= WEBSOCKET;
  large = websocket ? LARGE_WEBSOCKET : LARGE;
  every = websocket ? EVERY_WEBSOCKET : EVERY;
  midge_reactor *reactor;
  midge_client *client;
  snprintf(url, sizeof url, "%s://127.0.0.1:%u", scheme, server.ports[port]);
  assert_int_equal(midge_reactor_start(&reactor, &(midge_reactor_options){0}),
                   MIDGE_OK);
  midge_client_options options = {
      .url = text(url),
      .tls = {.ca_file = MIDGE_TEXT(CERTIFICATE("root.pem")),
              .verify_name = MIDGE_TEXT("localhost")},
      .proxy = proxy != NULL ? text(proxy) : (midge_slice){NULL, 0},
  };
  if (midge_client_open(&client, reactor, &options, why, sizeof why) != 0)
    fail_msg("%s", why);
  assert_int_equal(midge_client_connect(client), MIDGE_OK);
  midge_subscription all = {.filter = MIDGE_TEXT("transport"), .qos = 2};
  assert_int_equal(
      midge_client_subscribe(client, &all, 1, (midge_request_options){0}, 1),
      MIDGE_OK);
  while (next(reactor).type != MIDGE_EVENT_DONE) continue;
  publish_all(client);
  take_all(reactor);
  midge_client_close(client);
  while (next(reactor).type != MIDGE_EVENT_ENDED) continue;
  midge_reactor_stop(reactor);
}

/* MQTT5-4.2-1, MQTT311-7.1.2-1: TCP keeps order and loses nothing.
 * MQTT311-7.0.0-2: the server knows nothing of midge. */
static void messages_over_tcp(void **state) {
  (void)state;
  exchange("mqtt", PLAIN, NULL);
}

static void messages_over_tls(void **state) {
  (void)state;
  exchange("mqtts", TLS, NULL);
}

static void messages_over_websocket(void **state) {
  (void)state;
  exchange("ws", WEBSOCKET, NULL);
}

static void messages_over_websocket_in_tls(void **state) {
  (void)state;
  exchange("wss", TLS_WEBSOCKET, NULL);
}

/* --- Proxies --- */

static uint16_t free_port(void) {
  uint16_t port;
  close(loopback_bind(&port));
  return port;
}

/* 0 if the program is not there. */
static pid_t start_proxy(char *const *arguments, uint16_t port) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    execvp(arguments[0], arguments);
    _exit(127);
  }
  for (int i = 0; i < 6000; i++) {
    if (loopback_accepts(port)) return pid;
    if (waitpid(pid, NULL, WNOHANG) != 0) return 0;
    usleep(10000);
  }
  fail_msg("%s does not accept connections", arguments[0]);
  return 0;
}

static void stop_proxy(pid_t pid) {
  kill(pid, SIGTERM);
  waitpid(pid, NULL, 0);
}

static void all_transports_through(const char *proxy) {
  exchange("mqtt", PLAIN, proxy);
  exchange("mqtts", TLS, proxy);
  exchange("wss", TLS_WEBSOCKET, proxy);
}

static void messages_through_socks5(void **state) {
  (void)state;
  uint16_t port = free_port();
  char number[8], proxy[64];
  snprintf(number, sizeof number, "%u", port);
  snprintf(proxy, sizeof proxy, "socks5://us%%65r:secret@127.0.0.1:%u", port);
  char *const arguments[] = {"microsocks", "-i", "127.0.0.1", "-p",
                             number,       "-u", "user",      "-P",
                             "secret",     NULL};
  pid_t pid = start_proxy(arguments, port);
  if (pid == 0) skip();
  all_transports_through(proxy);
  stop_proxy(pid);
}

static void messages_through_http_connect(void **state) {
  (void)state;
  uint16_t port = free_port();
  char path[] = "/tmp/midge-tinyproxy-XXXXXX", proxy[64];
  int file = mkstemp(path);
  assert_true(file >= 0);
  dprintf(file, "Port %u\nListen 127.0.0.1\nMaxClients 20\n", port);
  close(file);
  snprintf(proxy, sizeof proxy, "http://127.0.0.1:%u", port);
  char *const arguments[] = {"tinyproxy", "-d", "-c", path, NULL};
  pid_t pid = start_proxy(arguments, port);
  if (pid != 0) {
    all_transports_through(proxy);
    stop_proxy(pid);
  }
  unlink(path);
  if (pid == 0) skip();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(messages_over_tcp),
      cmocka_unit_test(messages_over_tls),
      cmocka_unit_test(messages_over_websocket),
      cmocka_unit_test(messages_over_websocket_in_tls),
      cmocka_unit_test(messages_through_socks5),
      cmocka_unit_test(messages_through_http_connect),
  };
  return cmocka_run_group_tests(tests, start_server, stop_server);
}
