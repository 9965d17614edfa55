#include "read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "format.h"
#include "properties.h"

enum { PORT_TLS = 8883 };
/* Of a topic, in a sentence. */
enum { SHOWN_MAX = 100 };

static const char *string_of(cli_settings *settings, midge_slice text) {
  return sentence(settings, "%.*s", (int)text.size, (const char *)text.data);
}

/* --- The server --- */

/* -L mqtt://user:password@host:port/topic. A WebSocket's path is its own. */
static const char *read_url(cli_settings *settings) {
  const char *url = string_of(settings, settings->url);
  if (strncmp(url, "ws", 2) == 0) {
    settings->client.url = settings->url;
    return NULL;
  }
  const char *authority = strstr(url, "://");
  if (authority == NULL || strncmp(url, "mqtt", 4) != 0)
    return "-L is mqtt://, mqtts://, ws:// or wss://";
  const char *topic = strchr(authority + 3, '/');
  size_t size = topic == NULL ? strlen(url) : (size_t)(topic - url);
  settings->client.url = text_of(sentence(settings, "%.*s", (int)size, url));
  if (topic == NULL || topic[1] == '\0') return NULL;
  settings->topics.list[settings->topics.count++] = text_of(topic + 1);
  return NULL;
}

static bool wants_tls(const cli_settings *settings) {
  const midge_tls_options *tls = &settings->client.tls;
  return settings->tls || tls->ca_file.data != NULL ||
         tls->ca_path.data != NULL || tls->certificate_file.data != NULL ||
         settings->psk.data != NULL || settings->port == PORT_TLS;
}

static void make_url(cli_settings *settings) {
  const char *host = settings->host.data == NULL
                         ? "localhost"
                         : string_of(settings, settings->host);
  bool tls = wants_tls(settings);
  bool literal = host[0] != '[' && strchr(host, ':') != NULL;
  char port[16] = "";
  if (settings->port != 0) snprintf(port, sizeof port, ":%ld", settings->port);
  const char *url =
      sentence(settings, "%s://%s%s%s%s", tls ? "mqtts" : "mqtt",
               literal ? "[" : "", host, literal ? "]" : "", port);
  if (settings->unix_path.data != NULL)
    url =
        sentence(settings, "unix:%s", string_of(settings, settings->unix_path));
  settings->client.url = text_of(url);
}

/* What people put into a host that is none. */
static const char *check_host(cli_settings *settings) {
  if (settings->host.data == NULL) return NULL;
  const char *host = string_of(settings, settings->host);
  const char *colon = strchr(host, ':');
  if (host[0] == '\0') return "-h is empty: it is a name or an address";
  if (colon == NULL || strchr(colon + 1, ':') != NULL) return NULL;
  if (strncmp(colon, "://", 3) == 0)
    return sentence(settings, "-h is a name or an address; a URL is -L %s",
                    host);
  return sentence(settings, "-h has no port in it: -h %.*s -p %s",
                  (int)(colon - host), host, colon + 1);
}

static const char *read_server(cli_settings *settings) {
  if (settings->url.data != NULL) return read_url(settings);
  const char *wrong = check_host(settings);
  if (wrong != NULL) return wrong;
  make_url(settings);
  return NULL;
}

/* --- TLS --- */

static const char *read_tls(cli_settings *settings) {
  static const struct {
    const char *name;
    int version;
  } versions[] = {
      {"tlsv1", 10}, {"tlsv1.1", 11}, {"tlsv1.2", 12}, {"tlsv1.3", 13}};
  if (settings->tls_version.data == NULL) return NULL;
  const char *wanted = string_of(settings, settings->tls_version);
  for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
    if (strcmp(wanted, versions[i].name) != 0) continue;
    settings->client.tls.version_min = versions[i].version;
    return NULL;
  }
  return "--tls-version is tlsv1.1, tlsv1.2 or tlsv1.3";
}

static const char *read_psk(cli_settings *settings) {
  const char *hex = (const char *)settings->psk.data;
  midge_slice *identity = &settings->client.tls.psk_identity;
  if (hex == NULL && identity->data == NULL) return NULL;
  if (hex == NULL || identity->data == NULL)
    return "--psk and --psk-identity are given together";
  size_t size = settings->psk.size / 2;
  uint8_t *key = keep(settings, size);
  if (size == 0 || settings->psk.size % 2 != 0 ||
      strspn(hex, "0123456789abcdefABCDEF") != settings->psk.size)
    return "--psk is an even number of hexadecimal digits";
  for (size_t i = 0; i < size; i++) {
    char pair[] = {hex[2 * i], hex[2 * i + 1], '\0'};
    key[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
  settings->client.tls.psk = (midge_slice){key, size};
  return NULL;
}

/* What cannot be is wrong before anybody is connected to. */
static const char *check_tls(cli_settings *settings) {
  char why[256] = "";
  if (!wants_tls(settings)) return NULL;
  midge_status status = midge_tls_check(&settings->client.tls, why, sizeof why);
  return status == MIDGE_OK ? NULL : sentence(settings, "%s", why);
}

/* --- Topics --- */

const char *topic_refused(cli_settings *settings, midge_slice topic,
                          bool is_filter) {
  midge_status status = is_filter ? midge_filter_check(topic, MIDGE_TEXT_STRICT)
                                  : midge_topic_check(topic, MIDGE_TEXT_STRICT);
  if (status == MIDGE_OK) return NULL;
  const char *why = is_filter ? "'#' is last, and '#' and '+' fill a level"
                              : "'+' and '#' are for subscribing";
  if (topic.size == 0) why = "it is empty";
  if (topic.size > UINT16_MAX) why = "it has more than 65,535 bytes";
  if (status == MIDGE_EUTF8) why = "it is not UTF-8 without control characters";
  int shown = topic.size > SHOWN_MAX ? SHOWN_MAX : (int)topic.size;
  return sentence(settings, "the topic '%.*s%s' cannot be: %s", shown,
                  (const char *)topic.data, topic.size > SHOWN_MAX ? "..." : "",
                  why);
}

/* --- The session --- */

/* Those that the session has options for; the others go as they are. */
static bool is_option(cli_settings *settings, const midge_property *property) {
  midge_session_options *session = &settings->client.session;
  switch (property->id) {
    case MIDGE_SESSION_EXPIRY_INTERVAL:
      settings->expiry_s = property->number;
      settings->has_expiry = true;
      return true;
    case MIDGE_RECEIVE_MAXIMUM:
      session->receive_max = (uint16_t)property->number;
      return true;
    case MIDGE_MAXIMUM_PACKET_SIZE:
      session->packet_size_max = property->number;
      return true;
    case MIDGE_TOPIC_ALIAS_MAXIMUM:
      session->alias_max = (uint16_t)property->number;
      return true;
    default:
      return false;
  }
}

static void read_connect_properties(cli_settings *settings) {
  property_list *list = &settings->properties[MIDGE_CONNECT];
  size_t left = 0;
  for (size_t i = 0; i < list->count; i++) {
    if (!is_option(settings, &list->list[i]))
      list->list[left++] = list->list[i];
  }
  list->count = left;
  settings->client.session.properties =
      settings_properties(settings, MIDGE_CONNECT);
}

static const char *read_id(cli_settings *settings) {
  midge_slice *id = &settings->client.session.client_id;
  *id = settings->id;
  if (settings->id.data != NULL && settings->id_prefix.data != NULL)
    return "-i and -I exclude each other";
  if (settings->id_prefix.data != NULL)
    *id = text_of(sentence(settings, "%s%ld",
                           string_of(settings, settings->id_prefix),
                           (long)getpid()));
  if (id->size == 0 && has_store(settings))
    return "--store needs a client identifier: -i";
  if (id->size == 0 && settings->persistent)
    return "-c needs a client identifier: -i";
  if (id->size == 0 && settings->client.session.version == MIDGE_MQTT_3_1)
    *id = text_of(sentence(settings, "midge_%ld", (long)getpid()));
  return NULL;
}

static const char *read_will(cli_settings *settings) {
  midge_publish *will = &settings->will;
  will->topic = settings->will_topic;
  will->payload = settings->will_payload;
  will->qos = (midge_qos)settings->will_qos;
  will->retain = settings->will_retain;
  will->properties = settings_properties(settings, MIDGE_WILL);
  if (will->topic.data != NULL) {
    settings->client.session.will = will;
    return topic_refused(settings, will->topic, false);
  }
  bool is_given = will->payload.data != NULL || will->qos != 0 ||
                  will->retain || will->properties.count != 0;
  return is_given ? "a will needs --will-topic" : NULL;
}

/* A URL may have the name in it. */
static const char *check_credentials(const cli_settings *settings) {
  const midge_session_options *session = &settings->client.session;
  bool lacks_name = session->password.data != NULL &&
                    session->user_name.data == NULL &&
                    settings->url.data == NULL;
  return lacks_name && session->version != MIDGE_MQTT_5
             ? "-P needs -u: before MQTT 5 a password goes with a name"
             : NULL;
}

static const char *read_session(cli_settings *settings) {
  midge_session_options *session = &settings->client.session;
  read_connect_properties(settings);
  if (has_store(settings)) settings->persistent = true;
  /* pub prints nothing: what comes for sub meanwhile is kept for it. */
  session->inbox = session->acknowledge_by_hand = has_store(settings);
  session->durable_qos_0 = has_store(settings);
  session->clean_start = !settings->persistent;
  session->adopt_session = settings->persistent;
  if (settings->persistent && !settings->has_expiry)
    settings->expiry_s = UINT32_MAX;
  if (session->version == MIDGE_MQTT_5)
    session->session_expiry_s = settings->expiry_s;
  session->keep_alive_s = (uint16_t)settings->keep_alive_s;
  session->keep_alive_off = settings->keep_alive_s == 0;
  session->in_flight_max = (uint16_t)settings->in_flight_max;
  const char *wrong = read_id(settings);
  if (wrong == NULL) wrong = check_credentials(settings);
  return wrong == NULL ? read_will(settings) : wrong;
}

/* Properties are of MQTT 5, which they ask for by themselves. */
static const char *read_version(cli_settings *settings) {
  midge_session_options *session = &settings->client.session;
  bool needed = settings->has_expiry;
  for (unsigned packet = 0; packet <= MIDGE_WILL; packet++)
    needed = needed || settings->properties[packet].count != 0;
  if (!needed || session->version == MIDGE_MQTT_5) return NULL;
  if (settings->has_version) return "-D and -x are of MQTT 5: -V mqttv5";
  session->version = MIDGE_MQTT_5;
  return NULL;
}

/* --- What it is about --- */

static const char *check_topics(cli_settings *settings) {
  const texts *topics = &settings->topics;
  bool filters = (settings->command & (SUB | RECORD | REPLAY)) != 0;
  if (settings->command == SUB || settings->command == RECORD) {
    if (topics->count == 0 && settings->unsubscribes.count == 0)
      return sentence(settings, "%s needs a filter: -t",
                      settings->command == SUB ? "sub" : "record");
    if (topics->count != 0 && has_store(settings) && settings->qos == 0)
      return "--store of sub needs -q 1 or -q 2: QoS 0 is not kept";
  } else if (topics->count != 1 && settings->command != REPLAY) {
    return "one topic is needed: -t";
  }
  for (size_t i = 0; i < topics->count; i++) {
    const char *wrong = topic_refused(settings, topics->list[i], filters);
    if (wrong != NULL) return wrong;
  }
  return NULL;
}

/* pub with a store and nothing to add: to send what waits there. */
static bool is_resumption(const cli_settings *settings) {
  return settings->command == PUB && has_store(settings) &&
         settings->topics.count == 0 && settings->source == SOURCE_NONE;
}

/* What is recorded is to be the same once it is replayed. */
static const char *check_recording(cli_settings *settings) {
  bool is_5 = settings->client.session.version == MIDGE_MQTT_5;
  if (settings->recording == NULL)
    return "the name of the file is missing, or - for standard input or output";
  if (settings->loop && strcmp(settings->recording, "-") == 0)
    return "--loop needs a file: standard input cannot be read again";
  if (settings->command == REPLAY &&
      settings->properties[MIDGE_PUBLISH].count != 0)
    return "-D publish is not there: the properties are those of the recording";
  if (settings->command == RECORD && is_5) {
    settings->retain_as_published = true;
    settings->retain_handling = settings->no_retained ? 2 : 0;
    settings->no_retained = false;
  }
  return properties_check(settings);
}

static const char *check(cli_settings *settings) {
  if (settings->client.store.disk && !has_store(settings))
    return "--store-sync goes with --store";
  if (settings->command == BENCH) return properties_check(settings);
  if (is_resumption(settings)) {
    settings->repeat = 0;
    return properties_check(settings);
  }
  const char *wrong = check_topics(settings);
  if (wrong != NULL) return wrong;
  if (settings->command == RECORD || settings->command == REPLAY)
    return check_recording(settings);
  if (settings->command != SUB && settings->source == SOURCE_NONE)
    return "a message is needed: -m, -f, -l, -n or -s";
  if (settings->command == RR && settings->response_topic.data == NULL)
    return "rr needs -e: where the response is awaited";
  bool repeats = settings->repeat > 1;
  if (repeats && settings->source == SOURCE_LINES)
    return "--repeat goes with -m, -f, -n and -s";
  if (settings->format.data != NULL) {
    wrong = format_check(settings, (const char *)settings->format.data);
    if (wrong != NULL) return wrong;
  }
  return properties_check(settings);
}

const char *settings_read(cli_settings *settings, cli_command command,
                          int count, char **words) {
  /* As mosquitto's programs. */
  bool is_old = (command & (PUB | SUB | BENCH)) != 0;
  *settings = (cli_settings){
      .command = command,
      .client.session.version = is_old ? MIDGE_MQTT_3_1_1 : MIDGE_MQTT_5,
      .qos = command == RECORD   ? 2
             : command == REPLAY ? -1
                                 : 0,
      .speed = 1,
      .keep_alive_s = 60,
      .repeat = 1,
      .share = 100,
      .bench = {.clients = 10, .size = 64, .hold_s = -1},
  };
  const char *wrong = arguments_read(settings, count, words);
  if (wrong == NULL) wrong = read_version(settings);
  if (wrong == NULL) wrong = read_server(settings);
  if (wrong == NULL) wrong = read_tls(settings);
  if (wrong == NULL) wrong = read_psk(settings);
  if (wrong == NULL) wrong = check_tls(settings);
  if (wrong == NULL) wrong = check(settings);
  if (wrong == NULL) wrong = read_session(settings);
  return wrong;
}
