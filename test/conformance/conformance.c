#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 20000
/* A session with an empty queue, its first chunk of output, and what a packet
 * of these tests needs. */
#define MEMORY_MAX "100000"

void play(const char *lines) {
  if (!transcript_play("transcript", lines)) {
    fprintf(stderr, "---\n%s\n---\n", lines);
    fail();
  }
}

void play_format(const char *format, ...) {
  char *lines = malloc(TEXT_MAX);
  va_list arguments;
  va_start(arguments, format);
  int size = vsnprintf(lines, TEXT_MAX, format, arguments);
  va_end(arguments);
  assert_in_range(size, 1, TEXT_MAX - 1);
  play(lines);
  free(lines);
}

static const char *or_else(const char *text, const char *otherwise) {
  return text == NULL ? otherwise : text;
}

/* "> DISCONNECT reason=130\n" in MQTT 5, else nothing. */
static void put_goodbye(char *to, size_t room, const hostile *what) {
  to[0] = '\0';
  if (strcmp(or_else(what->version, "5"), "5") != 0) return;
  snprintf(to, room, "> DISCONNECT reason=%u\n", what->reason);
}

/* Version, session expiry, more options. */
#define OPTIONS                               \
  "option version=%s client_id=\"a\" %s %s\n" \
  "publish token=900 qos=1 topic=\"kept\" payload=\"kept\"\n"

#define OPENED  \
  "connected\n" \
  "> CONNECT\n" \
  "< CONNACK\n" \
  "= opened\n"  \
  "> PUBLISH id=1 dup=0\n"

#define BROKEN                                    \
  "%s"                                            \
  "= closed by=self status=EPROTOCOL reason=%u\n" \
  "disconnected\n"                                \
  "? memory_below " MEMORY_MAX "\n"

#define GOOD_BROKER                           \
  "connected\n"                               \
  "> CONNECT clean_start=0 client_id=\"a\"\n" \
  "< CONNACK session_present=1\n"             \
  "= opened session_present=1\n"              \
  "> PUBLISH id=1 dup=1 payload=\"kept\"\n"   \
  "< PUBACK id=1\n"                           \
  "= done token=900 status=OK\n"              \
  "publish token=901 topic=\"t\"\n"           \
  "> PUBLISH qos=0\n"                         \
  "= done token=901 status=OK\n"              \
  "< PUBLISH topic=\"t\" payload=\"hello\"\n" \
  "= message topic=\"t\" payload=\"hello\"\n" \
  "? unfinished 0\n"

static const char *session_option(const char *version) {
  return strcmp(version, "5") == 0 ? "session_expiry_s=600" : "";
}

void hostile_open(hostile what) {
  const char *version = or_else(what.version, "5");
  bool is_5 = strcmp(version, "5") == 0;
  char goodbye[64];
  put_goodbye(goodbye, sizeof goodbye, &what);
  play_format(OPTIONS OPENED "%s\n" BROKEN GOOD_BROKER, version,
              session_option(version), or_else(what.options, ""), what.lines,
              goodbye, is_5 ? what.reason : 0);
}

void hostile_open_both(const char *lines, uint8_t reason) {
  hostile_open((hostile){.lines = lines, .reason = reason});
  hostile_open((hostile){.version = "3.1.1", .lines = lines});
}

void hostile_greeting(hostile what) {
  const char *version = or_else(what.version, "5");
  bool is_5 = strcmp(version, "5") == 0;
  char goodbye[64];
  put_goodbye(goodbye, sizeof goodbye, &what);
  play_format(OPTIONS OPENED
              "disconnected\n= closed by=network\n"
              "connected\n> CONNECT clean_start=0\n"
              "%s\n" BROKEN GOOD_BROKER,
              version, session_option(version), or_else(what.options, ""),
              what.lines, goodbye, is_5 ? what.reason : 0);
}

void hostile_greeting_both(const char *lines, uint8_t reason) {
  hostile_greeting((hostile){.lines = lines, .reason = reason});
  hostile_greeting((hostile){.version = "3.1.1", .lines = lines});
}

static void play_version(const char *version, const char *options,
                         const char *lines) {
  play_format(
      "option version=%s client_id=\"a\" %s %s\n"
      "connected\n> CONNECT clean_start=0\n< CONNACK\n= opened\n%s\n",
      version, session_option(version), options, lines);
}

void play_5(const char *options, const char *lines) {
  play_version("5", options, lines);
}

void play_3(const char *options, const char *lines) {
  play_version("3.1.1", options, lines);
}

void play_both(const char *options, const char *lines) {
  play_5(options, lines);
  play_3(options, lines);
}

void driver_open(driver *d, const char *options, const char *connack) {
  driver_init(d);
  teller to = {.driver = d};
  char lines[1024];
  snprintf(lines, sizeof lines, "option %s\nconnected\n> CONNECT\n<%s\n",
           options, connack);
  transcript_tell(&to, lines);
  transcript_tell(&to, "= opened");
  transcript_end(&to);
  if (d->failed) fprintf(stderr, "%s\n", d->failure);
  assert_false(d->failed);
}

void bytes_add(bytes *to, const void *data, size_t size) {
  if (to->size + size > to->room) {
    to->room = 2 * (to->size + size);
    to->data = realloc(to->data, to->room);
  }
  memcpy(to->data + to->size, data, size);
  to->size += size;
}

void bytes_line(bytes *to, midge_version version, const char *text) {
  line packet;
  line_parse(&packet, text);
  size_t size = 0;
  uint8_t *data = wire_build(&packet, version, &size);
  assert_non_null(data);
  assert_null(line_unused(&packet));
  bytes_add(to, data, size);
  free(data);
  line_free(&packet);
}

void bytes_free(bytes *of) {
  free(of->data);
  *of = (bytes){0};
}
