/* What a command line asks for: read once, then left alone. */
#ifndef MIDGE_CLI_SETTINGS_H
#define MIDGE_CLI_SETTINGS_H

#include "midge/client.h"

/* A set, as an option may belong to several. */
typedef enum cli_command {
  PUB = 1,
  SUB = 2,
  RR = 4,
  RECORD = 8,
  REPLAY = 16,
  BENCH = 32,
  TALK = PUB | SUB | RR | RECORD | REPLAY,
  ANY = TALK | BENCH,
} cli_command;

typedef enum cli_source {
  SOURCE_NONE,
  SOURCE_TEXT,  /* -m */
  SOURCE_EMPTY, /* -n */
  SOURCE_FILE,  /* -f */
  SOURCE_INPUT, /* -s: standard input, whole */
  SOURCE_LINES, /* -l: standard input, a message for each line */
} cli_source;

/* Strings of the command line, in their order. */
typedef struct texts {
  midge_slice *list;
  size_t count;
} texts;

typedef struct property_list {
  midge_property *list;
  size_t count;
} property_list;

typedef struct cli_settings {
  cli_command command;
  void **kept; /* memory that lives as long as this; see keep() */
  size_t kept_count;

  midge_slice host, unix_path, url, id, id_prefix;
  long port; /* 0: the usual one */
  long keep_alive_s, in_flight_max;
  bool persistent;
  bool has_version, has_expiry; /* were given */
  uint32_t expiry_s;
  midge_client_options client;  /* made of the others, and ready to be opened */
  bool tls, nodelay;            /* asked for */
  midge_slice tls_version, psk; /* as text */
  midge_slice will_topic, will_payload;
  long will_qos;
  bool will_retain;
  midge_publish will;

  texts topics, filters_out, unsubscribes;
  midge_slice response_topic;
  long qos; /* -1: as recorded */
  bool retain;
  cli_source source;
  midge_slice message; /* the payload, or the name of its file */
  long repeat;
  double repeat_delay_s;

  long messages_max;  /* 0: any number */
  long timeout_s;     /* 0: none */
  double share;       /* per cent of the messages that are printed */
  midge_slice format; /* null data: the payload alone */
  bool pretty, verbose, no_newline;
  bool no_retained, retained_only, remove_retained, retain_as_published;
  uint8_t retain_handling; /* of subscriptions, MQTT 5 */
  bool only_subscribe;
  bool quiet, debug;

  const char *recording; /* the name of its file, or "-"; null: not given */
  bool overwrite, loop;
  double speed; /* 0: as fast as can be */
  midge_slice topic_prefix;

  property_list properties[MIDGE_WILL + 1]; /* by packet type */

  struct {
    long clients, size;
    long count;              /* of messages or connections; 0: any number */
    double rate, duration_s; /* a second, of all together; 0: none was said */
    double warm_up_s;        /* before the duration */
    double hold_s;           /* of a connection; negative: to the end */
    bool json;
    midge_slice html; /* the name of a file */
    texts expectations;
  } bench;
} cli_settings;

static inline bool has_store(const cli_settings *settings) {
  return settings->client.store.path.data != NULL;
}

/* Memory, zeroed, that settings_free gives back; the process ends without. */
void *keep(cli_settings *settings, size_t size);

void settings_free(cli_settings *settings);

midge_properties settings_properties(const cli_settings *settings,
                                     unsigned packet);

midge_slice text_of(const char *string);

/* A sentence made of a format, kept. */
__attribute__((format(printf, 2, 3))) const char *sentence(
    cli_settings *settings, const char *format, ...);

#endif
