#include "scenarios.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "servers.h"
#include "strike.h"

#define ECHO .broker = {.echo = true}
#define OLD .version = MIDGE_MQTT_3_1_1
#define STORED .is_stored = true
#define ON_DISK .is_stored = true, .is_disk = true

static const scenario all[] = {
    /* The life of a client. */
    {"open", "", .to = TO_IP4},
    {"open-close", "x", .to = TO_IP4},
    {"connect", "od", .to = TO_IP4},
    {"connect-close", "ox", .to = TO_IP4},
    {"connect-stop", "o", .to = TO_IP4},
    {"connect-311", "od", .to = TO_IP4, OLD},
    {"connect-path", "od", .to = TO_PATH},
    {"connect-ip6", "od", .to = TO_IP6},
    {"connect-name", "od", .to = TO_NAME},
    {"connect-twice", "odod", .to = TO_IP4},
    {"connect-forced", "of", .to = TO_IP4},
    {"cancelled-dial", "cfx", .to = TO_NAME},
    {"cancelled-lookup", "cpfx", .to = TO_NAME},
    {"will", "oWkwx", .to = TO_IP4},
    {"referred", "o1wx", .to = TO_IP4, .is_referred = true},
    {"negotiated", "o1wx", .to = TO_IP4, .broker = {.old = true}},
    {"next-life", "o1wx|o1wx", .to = TO_IP4},
    /* What is sent. */
    {"publish-0", "o0wx", .to = TO_IP4},
    {"publish-1", "o1wx", .to = TO_IP4},
    {"publish-2", "o2wx", .to = TO_IP4},
    {"publish-before", "012cwx", .to = TO_IP4},
    {"publish-311", "o012wx", .to = TO_IP4, OLD},
    {"publish-many", "o0120120120120120w12wx", .to = TO_IP4},
    {"publish-large", "oLLwx", .to = TO_IP4},
    {"publish-path", "o012Lwx", .to = TO_PATH},
    {"publish-bundle", "oBBwx", .to = TO_IP4},
    {"bundle-cut", "oBkBwx", .to = TO_IP4},
    {"publish-cancelled", "c1C2Cwx", .to = TO_IP4},
    {"publish-close", "o12x", .to = TO_IP4},
    {"publish-goodbye", "o12d", .to = TO_IP4},
    {"publish-stop", "o012", .to = TO_IP4},
    {"publish-resent", "o12D12Dwx", .to = TO_IP4},
    {"publish-resent-311", "o12D12Dwx", .to = TO_IP4, OLD},
    {"publish-dropped", "o1212wx", .to = TO_IP4, .broker = {.drop_after = 2}},
    /* What comes. */
    {"subscribe", "oswx", .to = TO_IP4},
    {"subscribe-311", "oswx", .to = TO_IP4, OLD},
    {"unsubscribe", "oswuwx", .to = TO_IP4},
    {"renew", "oswkwDswx", .to = TO_IP4},
    {"renew-311", "oswkwDswx", .to = TO_IP4, OLD},
    {"receive", "osw0mx", .to = TO_IP4, ECHO},
    {"receive-large", "oswLLmx", .to = TO_IP4, ECHO},
    {"receive-flood", "oswmx", .to = TO_IP4, .broker = {.flood = 300}},
    {"receive-0", "osw0mwx", .to = TO_MOSQUITTO},
    {"receive-1", "osw1mwx", .to = TO_MOSQUITTO},
    {"receive-2", "osw2mwx", .to = TO_MOSQUITTO},
    {"receive-311", "osw12mwx", .to = TO_MOSQUITTO, OLD},
    {"receive-cut", "osw12k12mwx", .to = TO_MOSQUITTO},
    /* Transports. */
    {"hand-connect", "od", .to = BY_HAND},
    {"hand-publish", "o012wx", .to = BY_HAND},
    {"hand-receive", "osw0mDwx", .to = BY_HAND, ECHO},
    {"tls-connect", "od", .to = TO_TLS},
    {"tls-publish", "o012wx", .to = TO_TLS},
    {"tls-receive", "osw12Lmwx", .to = TO_TLS, .is_warm_up = true},
    {"tls-again", "ok1wx", .to = TO_TLS, .is_warm_up = true},
    {"tls-options", "od", .to = TO_TLS, .uses_all_tls = true,
     .is_warm_up = true},
    {"psk-connect", "od", .to = TO_PSK},
    {"psk-publish", "o12wx", .to = TO_PSK, .is_warm_up = true},
    {"ws-connect", "od", .to = TO_WS},
    {"ws-publish", "o012wx", .to = TO_WS},
    {"ws-receive", "osw12mwx", .to = TO_WS},
    {"wss-connect", "od", .to = TO_WSS},
    {"wss-publish", "o12kwx", .to = TO_WSS, .is_warm_up = true},
    {"socks5", "o12wx", .to = VIA_SOCKS5},
    {"http-proxy", "o12wx", .to = VIA_HTTP},
    /* Stores. */
    {"store-open", "x", .to = TO_IP4, STORED},
    {"store-open-disk", "x", .to = TO_IP4, ON_DISK},
    {"store-publish", "o12wx", .to = TO_IP4, STORED},
    {"store-publish-disk", "o12wx", .to = TO_IP4, ON_DISK},
    {"store-publish-311", "o12wx", .to = TO_IP4, STORED, OLD},
    {"store-before", "c12twx", .to = TO_IP4, STORED},
    {"store-large", "oLtLwx", .to = TO_IP4, STORED},
    {"store-close", "o12tx", .to = TO_IP4, STORED},
    {"store-stop", "o12t", .to = TO_IP4, STORED},
    {"store-restore", "c12t|12o12wx", .to = TO_IP4, STORED},
    {"store-restore-disk", "c12t|12o12wx", .to = TO_IP4, ON_DISK},
    {"store-lives", "c1t|c2t|c1t|", .to = TO_IP4, STORED},
    {"store-cut", "o12tD12tkwx", .to = TO_IP4, STORED},
    {"store-cancelled", "c1tC2t1Cwx|o1wx", .to = TO_IP4, STORED},
    {"store-cancelled-lives", "o1tC2tC|c1tC2t|cC1Cwx", .to = TO_IP4, ON_DISK},
    {"store-receive", "osw12mtwx", .to = TO_MOSQUITTO, STORED},
    {"store-qos-0", "c01tD02twkwx|0owx", .to = TO_IP4, STORED,
     .keeps_qos_0 = true},
    {"store-qos-0-disk", "0c0t|0o0wx", .to = TO_IP4, ON_DISK,
     .keeps_qos_0 = true},
    {"store-outside", "c1L1L12t|2owx", .to = TO_IP4, STORED, .memory = 1000},
    {"store-outside-disk", "c1L1L12t1C|oC2Dwx", .to = TO_IP4, ON_DISK,
     .memory = 1000},
    {"store-inbox", "osw12mwx|o1mwx", .to = TO_MOSQUITTO, STORED,
     .has_inbox = true},
    {"store-inbox-held", "osnw12mw|nom|o1mkmwx", .to = TO_MOSQUITTO, STORED,
     .has_inbox = true},
    {"store-inbox-disk", "oswn12wm|o1mwx", .to = TO_MOSQUITTO, ON_DISK,
     .has_inbox = true},
};

static servers shared;

/* Of this run alone: what one that was killed left behind is nobody's store,
 * although its process has the same number. */
static char folder[] = "/tmp/midge-torture-XXXXXX";

const scenario *scenarios(size_t *count) {
  *count = sizeof all / sizeof *all;
  return all;
}

/* OpenSSL looks for its algorithms once for a process, with thousands of
 * allocations, and what it could not find then it never finds. */
static void warm_up(void) {
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i].is_warm_up) scenario_play(&all[i]);
}

void scenarios_begin(void) {
  if (mkdtemp(folder) == NULL) abort();
  servers_start(&shared);
  warm_up();
}

void scenarios_end(void) {
  servers_stop(&shared);
  rmdir(folder);
}

/* --- Where to --- */

static void print_path(pid_t pid, const char *name, char *to, size_t size) {
  snprintf(to, size, "%s/%d%s", folder, (int)pid, name);
}

void scenario_clean_up(pid_t pid) {
  static const char *const names[] = {".sock",  "/data.mdb", "/new.mdb",
                                      "/epoch", "/lock",     ""};
  char path[64];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    print_path(pid, names[i], path, sizeof path);
    remove(path);
  }
}

static void print_url(const scenario *of, const broker *b, char *url,
                      size_t size) {
  const uint16_t *ports = shared.mosquitto.ports;
  char path[64];
  unsigned port = b != NULL ? broker_port(b) : 0;
  print_path(getpid(), ".sock", path, sizeof path);
  switch (of->to) {
    case TO_IP6:
      snprintf(url, size, "mqtt://[::1]:%u", port);
      break;
    case TO_PATH:
      snprintf(url, size, "unix:%s", path);
      break;
    case TO_NAME:
      snprintf(url, size, "mqtt://localhost:%u", port);
      break;
    case TO_MOSQUITTO:
      snprintf(url, size, "mqtt://127.0.0.1:%u", ports[PLAIN]);
      break;
    case TO_TLS:
      snprintf(url, size, "mqtts://127.0.0.1:%u", ports[TLS]);
      break;
    case TO_PSK:
      snprintf(url, size, "mqtts://127.0.0.1:%u", ports[PSK]);
      break;
    case TO_WS:
      snprintf(url, size, "ws://127.0.0.1:%u", ports[WEBSOCKET]);
      break;
    case TO_WSS:
      snprintf(url, size, "wss://127.0.0.1:%u", ports[TLS_WEBSOCKET]);
      break;
    default:
      snprintf(url, size, "mqtt://127.0.0.1:%u", port);
      break;
  }
}

static midge_slice text(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

static void set_tls(const scenario *of, midge_tls_options *tls) {
  static midge_slice protocol;
  if (of->to == TO_PSK) {
    tls->psk_identity = MIDGE_TEXT(PSK_IDENTITY);
    tls->psk = MIDGE_TEXT(PSK_KEY);
    return;
  }
  tls->ca_file = text(shared.root);
  tls->verify_name = MIDGE_TEXT("localhost");
  if (!of->uses_all_tls) return;
  tls->server_name = MIDGE_TEXT("localhost");
  tls->ciphers = MIDGE_TEXT("ECDHE+AESGCM:TLS_AES_128_GCM_SHA256");
  tls->version_min = tls->version_max = 13;
  protocol = MIDGE_TEXT("mqtt");
  tls->alpn = &protocol;
  tls->alpn_count = 1;
}

/* --- Playing --- */

static broker *start_broker(const scenario *of, broker_options *options,
                            const char *path) {
  *options = of->broker;
  if (of->to == TO_PATH) options->path = path;
  options->ipv6 = of->to == TO_IP6;
  options->refers = of->is_referred;
  return of->to < TO_MOSQUITTO ? broker_start(options) : NULL;
}

/* Null: the proxy of this scenario is not installed. */
static const char *print_proxy(const scenario *of, char *proxy, size_t size) {
  proxy[0] = '\0';
  if (of->to == VIA_SOCKS5 && shared.socks5 == 0) return NULL;
  if (of->to == VIA_HTTP && shared.http == 0) return NULL;
  if (of->to == VIA_SOCKS5)
    snprintf(proxy, size, "socks5://user:secret@127.0.0.1:%u", shared.socks5);
  if (of->to == VIA_HTTP)
    snprintf(proxy, size, "http://127.0.0.1:%u", shared.http);
  return proxy;
}

void scenario_play(const scenario *of) {
  static life l;
  char url[96], path[64], sock[64], id[32], proxy[64];
  broker_options options;
  l = (life){0};
  print_path(getpid(), "", path, sizeof path);
  print_path(getpid(), ".sock", sock, sizeof sock);
  snprintf(id, sizeof id, "tortured-%d", (int)getpid());
  l.broker = start_broker(of, &options, sock);
  if (of->to < TO_MOSQUITTO && l.broker == NULL) abort();
  if (print_proxy(of, proxy, sizeof proxy) == NULL) proxy[0] = '\0';
  print_url(of, l.broker, url, sizeof url);
  l.topic = id;
  l.options = (midge_client_options){
      .url = text(url),
      .proxy = text(proxy),
      .transport_by_hand = of->to == BY_HAND,
      .session = {.version = of->version,
                  .client_id = text(id),
                  .session_expiry_s = of->is_stored ? 3600 : 0,
                  .durable_qos_0 = of->keeps_qos_0,
                  .acknowledge_by_hand = of->has_inbox,
                  .inbox = of->has_inbox,
                  .queue_memory_max = of->memory,
                  .negotiate = of->broker.old},
      .store = {.path = text(of->is_stored ? path : ""), .disk = of->is_disk},
      .reconnect = {.min_ms = 5, .max_ms = 20, .redirects_max = 3},
      .connect_timeout_ms = 3000,
      .close_timeout_ms = 1000,
  };
  if (of->to >= TO_TLS) set_tls(of, &l.options.tls);
  life_play(&l, of->script);
  if (l.broker != NULL) broker_stop(l.broker);
}
