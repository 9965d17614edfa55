#include "arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "properties.h"
#include "spelling.h"

typedef enum cli_kind { FLAG, TEXT, LIST, WHOLE, REAL, SPECIAL } cli_kind;

typedef const char *taker(cli_settings *settings, const char *option,
                          const char *value);

typedef struct cli_row {
  const char *letter, *name; /* one may be null */
  const char *value;         /* what it is called in --help; null: none */
  const char *help;
  unsigned commands;
  cli_kind kind;
  size_t at;        /* of the member of settings */
  double low, high; /* of a number */
  taker *take;      /* SPECIAL */
} cli_row;

/* --- Options that are more than a member --- */

static const char *take_source(cli_settings *settings, cli_source source,
                               const char *value) {
  if (settings->source != SOURCE_NONE)
    return "only one of -f, -l, -m, -n and -s can be given";
  settings->source = source;
  if (value != NULL) settings->message = text_of(value);
  return NULL;
}

static const char *take_message(cli_settings *settings, const char *option,
                                const char *value) {
  (void)option;
  return take_source(settings, SOURCE_TEXT, value);
}

static const char *take_file(cli_settings *settings, const char *option,
                             const char *value) {
  (void)option;
  return take_source(settings, SOURCE_FILE, value);
}

static const char *take_lines(cli_settings *settings, const char *option,
                              const char *value) {
  (void)option;
  return take_source(settings, SOURCE_LINES, value);
}

static const char *take_nothing(cli_settings *settings, const char *option,
                                const char *value) {
  (void)option;
  return take_source(settings, SOURCE_EMPTY, value);
}

static const char *take_input(cli_settings *settings, const char *option,
                              const char *value) {
  (void)option;
  return take_source(settings, SOURCE_INPUT, value);
}

static const char *take_version(cli_settings *settings, const char *option,
                                const char *value) {
  static const struct {
    const char *name;
    midge_version version;
  } names[] = {
      {"mqttv5", MIDGE_MQTT_5},       {"5", MIDGE_MQTT_5},
      {"mqttv311", MIDGE_MQTT_3_1_1}, {"311", MIDGE_MQTT_3_1_1},
      {"mqttv31", MIDGE_MQTT_3_1},    {"31", MIDGE_MQTT_3_1},
  };
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(value, names[i].name) != 0) continue;
    settings->client.session.version = names[i].version;
    settings->has_version = true;
    return NULL;
  }
  return sentence(settings,
                  "%s is mqttv5 (or 5), mqttv311 (or 311) or mqttv31 (or 31)",
                  option);
}

static const char *take_expiry(cli_settings *settings, const char *option,
                               const char *value) {
  char *end;
  double number = strtod(value, &end);
  if (strcmp(value, "-1") == 0 || strcmp(value, "∞") == 0) {
    number = UINT32_MAX;
  } else if (end == value || *end != '\0' || number < 0 ||
             number > UINT32_MAX || number != (uint32_t)number) {
    return sentence(settings, "%s is seconds from 0 to 4294967295, -1 or ∞",
                    option);
  }
  settings->expiry_s = (uint32_t)number;
  settings->has_expiry = true;
  return NULL;
}

static const char *take_alpn(cli_settings *settings, const char *option,
                             const char *value) {
  (void)option;
  midge_slice *protocol = keep(settings, sizeof *protocol);
  *protocol = text_of(value);
  settings->client.tls.alpn = protocol;
  settings->client.tls.alpn_count = 1;
  return NULL;
}

static const char *refuse(cli_settings *settings, const char *option,
                          const char *value) {
  (void)value;
  return sentence(
      settings,
      "%s is not there: OpenSSL 3 has no engines any more; give the "
      "key in a PEM file with --key",
      option);
}

/* --- All of them --- */

#define ROW(l, n, v, who, k, h) \
  .letter = l, .name = n, .value = v, .commands = who, .kind = k, .help = h
#define MEMBER(l, n, v, who, k, m, h) \
  { ROW(l, n, v, who, k, h), .at = offsetof(cli_settings, m) }
#define NUMBER(l, n, v, who, k, m, first, last, h)                          \
  {                                                                         \
    ROW(l, n, v, who, k, h), .at = offsetof(cli_settings, m), .low = first, \
                             .high = last                                   \
  }
#define FLAG_OF(l, n, who, m, h) MEMBER(l, n, NULL, who, FLAG, m, h)
#define TEXT_OF(l, n, v, who, m, h) MEMBER(l, n, v, who, TEXT, m, h)
#define LIST_OF(l, n, v, who, m, h) MEMBER(l, n, v, who, LIST, m, h)
#define WHOLE_OF(l, n, v, who, m, first, last, h) \
  NUMBER(l, n, v, who, WHOLE, m, first, last, h)
#define REAL_OF(l, n, v, who, m, first, last, h) \
  NUMBER(l, n, v, who, REAL, m, first, last, h)
#define OTHER(l, n, v, who, function, h) \
  { ROW(l, n, v, who, SPECIAL, h), .take = function }

static const cli_row rows[] = {
    TEXT_OF("-A", NULL, "ADDRESS", ANY, client.local_address,
            "bind to this address of ours"),
    FLAG_OF("-c", "--disable-clean-session", TALK, persistent,
            "keep the session (needs -i)"),
    WHOLE_OF("-C", NULL, "COUNT", SUB | RECORD, messages_max, 1, 2147483647,
             "end after so many messages"),
    FLAG_OF("-d", "--debug", ANY, debug, "say what happens, on standard error"),
    TEXT_OF("-e", NULL, "TOPIC", RR, response_topic,
            "where the response is awaited"),
    FLAG_OF("-E", NULL, SUB, only_subscribe, "end once all is subscribed"),
    OTHER("-f", "--file", "FILE", PUB | RR, take_file,
          "send what the file holds"),
    TEXT_OF("-F", NULL, "FORMAT", SUB | RR, format,
            "how to print a message: see midge man sub"),
    TEXT_OF("-h", "--host", "HOST", ANY, host, "the server; localhost"),
    TEXT_OF("-i", "--id", "ID", ANY, id, "the client identifier"),
    TEXT_OF("-I", "--id-prefix", "PREFIX", ANY, id_prefix,
            "the same, the process id behind it"),
    WHOLE_OF("-k", "--keepalive", "SECONDS", ANY, keep_alive_s, 0, 65535,
             "between signs of life; 60"),
    OTHER("-l", "--stdin-line", NULL, PUB, take_lines,
          "send each line of standard input"),
    TEXT_OF("-L", "--url", "URL", ANY, url,
            "mqtt://user:pw@host:port/topic, wss://..."),
    OTHER("-m", "--message", "TEXT", PUB | RR, take_message, "send this"),
    WHOLE_OF("-M", NULL, "COUNT", PUB | SUB | REPLAY | BENCH, in_flight_max, 1,
             65535, "so many of QoS 1 and 2 in flight"),
    OTHER("-n", "--null-message", NULL, PUB | RR, take_nothing,
          "send an empty message"),
    FLAG_OF("-N", NULL, SUB | RR, no_newline,
            "no end of line behind a message"),
    WHOLE_OF("-p", "--port", "PORT", ANY, port, 1, 65535,
             "1883, with TLS 8883"),
    TEXT_OF("-P", "--pw", "PASSWORD", ANY, client.session.password,
            "and the password"),
    WHOLE_OF("-q", "--qos", "QOS", ANY, qos, 0, 2, "0, 1 or 2"),
    FLAG_OF("-r", "--retain", PUB, retain, "the server keeps it"),
    FLAG_OF("-R", NULL, SUB | RR | RECORD, no_retained,
            "leave out what was retained before"),
    OTHER("-s", "--stdin-file", NULL, PUB | RR, take_input,
          "send standard input as one message"),
    LIST_OF("-t", "--topic", "TOPIC", ANY, topics,
            "a topic; of sub, record, replay: filters"),
    LIST_OF("-T", "--filter-out", "FILTER", SUB | RECORD | REPLAY, filters_out,
            "leave out what matches"),
    TEXT_OF("-u", "--username", "NAME", ANY, client.session.user_name,
            "the name of the user"),
    LIST_OF("-U", "--unsubscribe", "FILTER", SUB, unsubscribes,
            "unsubscribe from it"),
    FLAG_OF("-v", "--verbose", SUB | RR, verbose, "print the topic too"),
    OTHER("-V", "--protocol-version", "VERSION", ANY, take_version,
          "mqttv5, mqttv311, mqttv31"),
    WHOLE_OF("-W", NULL, "SECONDS", SUB | RR | RECORD, timeout_s, 1, 2147483647,
             "end after this time"),
    OTHER("-x", "--session-expiry-interval", "SECONDS", ANY, take_expiry,
          "the life of the session (MQTT 5)"),
    TEXT_OF(NULL, "--cafile", "FILE", ANY, client.tls.ca_file,
            "trusted authorities, PEM"),
    TEXT_OF(NULL, "--capath", "FOLDER", ANY, client.tls.ca_path,
            "the same, with hashed names"),
    TEXT_OF(NULL, "--cert", "FILE", ANY, client.tls.certificate_file,
            "our certificate, PEM"),
    TEXT_OF(NULL, "--ciphers", "LIST", ANY, client.tls.ciphers,
            "as openssl ciphers has them"),
    FLAG_OF(NULL, "--insecure", ANY, client.tls.insecure_host,
            "do not check the server's name"),
    TEXT_OF(NULL, "--key", "FILE", ANY, client.tls.key_file,
            "its private key, PEM"),
    OTHER(NULL, "--keyform", "FORM", ANY, refuse, NULL),
    FLAG_OF(NULL, "--loop", REPLAY, loop, "again from the beginning, for ever"),
    FLAG_OF(NULL, "--nodelay", ANY, nodelay, "no Nagle: as always"),
    FLAG_OF(NULL, "--overwrite", RECORD, overwrite, "a file that is there"),
    FLAG_OF(NULL, "--pretty", SUB | RR, pretty, "JSON on several lines"),
    TEXT_OF(NULL, "--proxy", "URL", ANY, client.proxy,
            "socks5h://user:pw@host:port, or http://"),
    TEXT_OF(NULL, "--psk", "HEX", ANY, psk, "a pre-shared key"),
    TEXT_OF(NULL, "--psk-identity", "NAME", ANY, client.tls.psk_identity,
            "and whose it is"),
    FLAG_OF(NULL, "--quiet", ANY, quiet, "no word of errors"),
    REAL_OF(NULL, "--random-filter", "PERCENT", SUB, share, 0.1, 100,
            "print a part of the messages"),
    FLAG_OF(NULL, "--remove-retained", SUB, remove_retained,
            "clear what was retained"),
    WHOLE_OF(NULL, "--repeat", "COUNT", PUB, repeat, 1, 2147483647,
             "send it so often"),
    REAL_OF(NULL, "--repeat-delay", "SECONDS", PUB, repeat_delay_s, 0, 2147483,
            "and wait in between"),
    FLAG_OF(NULL, "--retain-as-published", SUB, retain_as_published,
            "keep the retain flag (MQTT 5)"),
    FLAG_OF(NULL, "--retained-only", SUB, retained_only,
            "end at the first that is not retained"),
    REAL_OF(NULL, "--speed", "FACTOR", REPLAY, speed, 0, 1000000,
            "2 is twice as fast, 0 as fast as can be"),
    TEXT_OF(NULL, "--store", "FOLDER", PUB | SUB, client.store.path,
            "keep the session beyond this process there"),
    FLAG_OF(NULL, "--store-sync", PUB | SUB, client.store.disk,
            "and beyond a power cut"),
    OTHER(NULL, "--tls-alpn", "NAME", ANY, take_alpn, "a protocol to offer"),
    OTHER(NULL, "--tls-engine", "NAME", ANY, refuse, NULL),
    OTHER(NULL, "--tls-engine-kpass-sha1", "SHA1", ANY, refuse, NULL),
    FLAG_OF(NULL, "--tls-use-os-certs", ANY, tls,
            "TLS, with the system's authorities"),
    TEXT_OF(NULL, "--tls-version", "VERSION", ANY, tls_version,
            "the lowest: tlsv1.1, tlsv1.2, tlsv1.3"),
    TEXT_OF(NULL, "--topic-prefix", "TEXT", REPLAY, topic_prefix,
            "put before each topic"),
    TEXT_OF(NULL, "--unix", "PATH", ANY, unix_path, "a server's socket"),
    TEXT_OF(NULL, "--will-payload", "TEXT", TALK, will_payload,
            "what the will says"),
    WHOLE_OF(NULL, "--will-qos", "QOS", TALK, will_qos, 0, 2, "0, 1 or 2"),
    FLAG_OF(NULL, "--will-retain", TALK, will_retain,
            "the server keeps the will"),
    TEXT_OF(NULL, "--will-topic", "TOPIC", TALK, will_topic,
            "where the will is published"),
    WHOLE_OF(NULL, "--clients", "COUNT", BENCH, bench.clients, 1, 1000000,
             "connections; 10"),
    REAL_OF(NULL, "--rate", "COUNT", BENCH, bench.rate, 0.001, 1e8,
            "a second, of all; else as answers come"),
    WHOLE_OF(NULL, "--count", "COUNT", BENCH, bench.count, 1, 1e15,
             "end after so many messages"),
    REAL_OF(NULL, "--duration", "SECONDS", BENCH, bench.duration_s, 0.001, 1e7,
            "end after this; 10, conn 0, sub none"),
    REAL_OF(NULL, "--warm-up", "SECONDS", BENCH, bench.warm_up_s, 0.001, 1e7,
            "before it, send without measuring"),
    REAL_OF(NULL, "--hold", "SECONDS", BENCH, bench.hold_s, 0, 1e7,
            "conn: each so long, then anew; 0 at once"),
    WHOLE_OF(NULL, "--size", "BYTES", BENCH, bench.size, 0, 268435000,
             "of a payload; 64"),
    LIST_OF(NULL, "--assert", "LIST", BENCH, bench.expectations,
            "end with 2 unless 'p99<5ms,lost=0'"),
    FLAG_OF(NULL, "--json", BENCH, bench.json, "the summary as JSON"),
    TEXT_OF(NULL, "--html", "FILE", BENCH, bench.html,
            "and a page with charts"),
};

enum { ROWS = sizeof rows / sizeof *rows };

static const cli_row *find(unsigned commands, const char *word) {
  for (size_t i = 0; i < ROWS; i++) {
    if ((rows[i].commands & commands) == 0) continue;
    if (rows[i].letter != NULL && strcmp(word, rows[i].letter) == 0)
      return &rows[i];
    if (rows[i].name != NULL && strcmp(word, rows[i].name) == 0)
      return &rows[i];
  }
  return NULL;
}

static const char *take_number(cli_settings *settings, const cli_row *row,
                               const char *option, const char *value) {
  char *end;
  double number = strtod(value, &end);
  bool fits =
      end != value && *end == '\0' && number >= row->low && number <= row->high;
  if (row->kind == WHOLE && fits) fits = number == (double)(long)number;
  if (!fits)
    return sentence(settings, "%s is a number from %.10g to %.10g, not '%s'",
                    option, row->low, row->high, value);
  char *member = (char *)settings + row->at;
  if (row->kind == WHOLE) *(long *)(void *)member = (long)number;
  if (row->kind == REAL) *(double *)(void *)member = number;
  return NULL;
}

static const char *take(cli_settings *settings, const cli_row *row,
                        const char *option, const char *value) {
  char *member = (char *)settings + row->at;
  texts *list = (texts *)(void *)member;
  switch (row->kind) {
    case FLAG:
      *(bool *)member = true;
      return NULL;
    case TEXT:
      *(midge_slice *)(void *)member = text_of(value);
      return NULL;
    case LIST:
      list->list[list->count++] = text_of(value);
      return NULL;
    case WHOLE:
    case REAL:
      return take_number(settings, row, option, value);
    case SPECIAL:
      return row->take(settings, option, value);
  }
  return NULL;
}

/* The one word that is no option. */
static bool take_name(cli_settings *settings, const char *word) {
  bool takes = (settings->command & (RECORD | REPLAY)) != 0;
  bool is_name = word[0] != '-' || word[1] == '\0';
  if (!takes || !is_name || settings->recording != NULL) return false;
  settings->recording = word;
  return true;
}

/* One list cannot have more members than there are words. */
static void make_lists(cli_settings *settings, int count) {
  for (size_t i = 0; i < ROWS; i++) {
    if (rows[i].kind != LIST) continue;
    texts *list = (texts *)(void *)((char *)settings + rows[i].at);
    list->list = keep(settings, ((size_t)count + 1) * sizeof *list->list);
  }
}

/* Behind a name and '=', or a letter; null: there is none. */
static const char *value_within(const cli_row *row, const char *word) {
  size_t size = row->name == NULL ? 0 : strlen(row->name);
  if (row->value == NULL) return NULL;
  if (size != 0 && strncmp(word, row->name, size) == 0 && word[size] == '=')
    return word + size + 1;
  bool is_letter = row->letter != NULL && strncmp(word, row->letter, 2) == 0;
  return is_letter ? word + 2 : NULL;
}

/* Whose it is. */
static const char *refuse_others(cli_settings *settings, const char *word) {
  static const struct {
    const char *name;
    cli_command command;
  } names[] = {{"pub", PUB},       {"sub", SUB},       {"rr", RR},
               {"record", RECORD}, {"replay", REPLAY}, {"bench", BENCH}};
  const char *list = NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (find(names[i].command, word) == NULL) continue;
    list = list == NULL ? names[i].name
                        : sentence(settings, "%s, %s", list, names[i].name);
  }
  return sentence(settings, "%s is an option of another command: %s", word,
                  list);
}

/* With what was meant, where that can be told. */
static const char *refuse_word(cli_settings *settings, const char *word) {
  if (word[0] != '-')
    return sentence(settings, "'%s' has no option before it: see --help", word);
  if (find(ANY, word) != NULL) return refuse_others(settings, word);
  for (size_t i = 0; i < ROWS; i++) {
    const char *name = rows[i].name;
    if ((rows[i].commands & settings->command) == 0 || name == NULL) continue;
    if (strcmp(word, name + 1) == 0 || spelling_is_like(word, name))
      return sentence(settings, "%s is no option: did you mean %s?", word,
                      name);
  }
  for (size_t i = 0; i < ROWS; i++) {
    const char *value = value_within(&rows[i], word);
    if ((rows[i].commands & settings->command) == 0 || value == NULL) continue;
    return sentence(settings, "%s is no option: a space is between %s and %s",
                    word, word[1] == '-' ? rows[i].name : rows[i].letter,
                    value);
  }
  return sentence(settings, "%s is no option: see --help=all", word);
}

static bool is_property(const char *word) {
  return strcmp(word, "-D") == 0 || strcmp(word, "--property") == 0;
}

const char *arguments_read(cli_settings *settings, int count, char **words) {
  make_lists(settings, count);
  for (int i = 0; i < count; i++) {
    const char *option = words[i], *wrong;
    if (is_property(option)) {
      int more =
          property_words((const char *const *)words + i + 1, count - i - 1);
      if (more == 0)
        return "-D takes a packet, the name of a property and its value: "
               "-D publish content-type text/plain";
      wrong = property_read(settings, words + i + 1);
      i += more;
      if (wrong != NULL) return wrong;
      continue;
    }
    const cli_row *row = find(settings->command, option);
    if (row == NULL && take_name(settings, option)) continue;
    if (row == NULL) return refuse_word(settings, option);
    if (row->value != NULL && i + 1 == count)
      return sentence(settings, "%s needs a value: %s", option, row->value);
    wrong = take(settings, row, option, row->value ? words[i + 1] : NULL);
    if (wrong != NULL) return wrong;
    if (row->value != NULL) i++;
  }
  return NULL;
}

bool arguments_ask_for_help(const char *word, bool *all) {
  *all = strcmp(word, "--help=all") == 0;
  return *all || strcmp(word, "--help") == 0;
}

/* -D has more than one value, and is none of the rows. */
static const cli_option property = {"-D", "--property", "PACKET NAME VALUE",
                                    "a property of MQTT 5", ANY};

bool arguments_option(size_t i, cli_option *option) {
  size_t at = 0;
  for (size_t row = 0; row < ROWS; row++) {
    const cli_row *of = &rows[row];
    if (of->help == NULL || at++ != i) continue;
    *option =
        (cli_option){of->letter, of->name, of->value, of->help, of->commands};
    return true;
  }
  *option = property;
  return at == i;
}

bool arguments_find(unsigned commands, const char *word, cli_option *option) {
  for (size_t i = 0; arguments_option(i, option); i++) {
    bool is_it = (option->letter && strcmp(word, option->letter) == 0) ||
                 (option->name && strcmp(word, option->name) == 0);
    if (is_it && (option->commands & commands) != 0) return true;
  }
  return false;
}
