#include "format.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json.h"

/* One sequence: %-10.5t. */
typedef struct cli_field {
  bool zero, left;
  int width;
  int most; /* -1: no end */
  char letter;
} cli_field;

static const struct {
  char letter;
  const char *help;
} letters[] = {
    {'%', "a percent sign"},
    {'A', "the topic alias"},
    {'C', "the content type"},
    {'D', "the correlation data"},
    {'E', "the message expiry interval, in seconds"},
    {'F', "the payload format indicator"},
    {'I', "when it came, ISO 8601"},
    {'J', "all of it as JSON, whose payload is JSON too"},
    {'j', "all of it as JSON, whose payload is text"},
    {'l', "the size of the payload, in bytes"},
    {'m', "the packet identifier"},
    {'P', "the user properties, name:value"},
    {'p', "the payload"},
    {'q', "the QoS"},
    {'R', "the response topic"},
    {'r', "the retain flag"},
    {'S', "the subscription identifier"},
    {'t', "the topic"},
    {'U', "when it came, in seconds since 1970"},
    {'X', "the payload in hexadecimal digits, ABCDEF"},
    {'x', "the payload in hexadecimal digits, abcdef"},
};

enum { LETTERS = sizeof letters / sizeof *letters };

const char *format_sequence(size_t i, char sequence[3]) {
  if (i >= LETTERS) return NULL;
  snprintf(sequence, 3, "%%%c", letters[i].letter);
  return letters[i].help;
}

static bool is_letter(char letter) {
  for (size_t i = 0; i < LETTERS; i++) {
    if (letters[i].letter == letter) return true;
  }
  return false;
}

/* Behind the percent sign; returns what follows it. */
static const char *read_field(const char *at, cli_field *field) {
  *field = (cli_field){.most = -1};
  for (; *at == '0' || *at == '-'; at++) {
    if (*at == '0') field->zero = true;
    if (*at == '-') field->left = true;
  }
  char *end;
  field->width = isdigit((unsigned char)*at) ? (int)strtol(at, &end, 10) : 0;
  if (isdigit((unsigned char)*at)) at = end;
  if (*at == '.') {
    field->most = (int)strtol(at + 1, &end, 10);
    at = end;
  }
  field->letter = *at;
  return *at == '\0' ? at : at + 1;
}

const char *format_check(cli_settings *settings, const char *format) {
  static const char unfinished[] =
      "-F: behind the last '%c' a letter is missing";
  while (*format != '\0') {
    char c = *format++;
    if (c == '@' || c == '\\') {
      if (*format == '\0') return sentence(settings, unfinished, c);
      if (c == '\\' && strchr("\\0aenrtv", *format) == NULL)
        return sentence(settings, "-F: '%c%c' is no sequence", c, *format);
      format++;
    } else if (c == '%') {
      cli_field field;
      format = read_field(format, &field);
      if (field.letter == '\0') return sentence(settings, unfinished, c);
      if (!is_letter(field.letter))
        return sentence(settings, "-F: '%%%c' is no sequence", field.letter);
    }
  }
  return NULL;
}

static void pad(FILE *out, const cli_field *field, size_t size, char with) {
  for (size_t i = size; i < (size_t)field->width; i++) fputc(with, out);
}

static void put_text(FILE *out, const cli_field *field, midge_slice text) {
  size_t size = text.size;
  if (field->most >= 0 && size > (size_t)field->most) size = field->most;
  if (!field->left) pad(out, field, size, ' ');
  if (size != 0) fwrite(text.data, 1, size, out);
  if (field->left) pad(out, field, size, ' ');
}

static void put_number(FILE *out, const cli_field *field, size_t number) {
  const char *form = field->left ? "%-*zu" : field->zero ? "%0*zu" : "%*zu";
  fprintf(out, form, field->width, number); /* NOLINT: one of three */
}

static void put_hex(FILE *out, const cli_field *field, midge_slice bytes,
                    bool upper) {
  char with = field->zero && !field->left ? '0' : ' ';
  if (!field->left) pad(out, field, 2 * bytes.size, with);
  for (size_t i = 0; i < bytes.size; i++)
    fprintf(out, upper ? "%02X" : "%02x", bytes.data[i]);
  if (field->left) pad(out, field, 2 * bytes.size, ' ');
}

static void put_property(FILE *out, const cli_field *field,
                         const midge_event *event, midge_property_id id) {
  midge_property property;
  if (!midge_property_find(event->properties, id, &property)) {
    put_text(out, field, (midge_slice){0});
  } else if (property.value.data != NULL) {
    put_text(out, field, property.value);
  } else {
    put_number(out, field, property.number);
  }
}

static void put_user_properties(FILE *out, const midge_event *event) {
  midge_slice rest = event->properties;
  midge_property property;
  bool first = true;
  while (midge_property_next(&rest, &property)) {
    if (property.id != MIDGE_USER_PROPERTY) continue;
    if (!first) fputc(' ', out);
    first = false;
    fwrite(property.name.data, 1, property.name.size, out);
    fputc(':', out);
    fwrite(property.value.data, 1, property.value.size, out);
  }
}

static void iso_time(const struct timespec *now, bool fine, char *text,
                     size_t size) {
  struct tm local;
  char zone[8];
  localtime_r(&now->tv_sec, &local);
  size_t used = strftime(text, size, "%Y-%m-%dT%H:%M:%S", &local);
  strftime(zone, sizeof zone, "%z", &local);
  if (fine)
    snprintf(text + used, size - used, ".%06ld%s", now->tv_nsec / 1000, zone);
  else
    snprintf(text + used, size - used, "%s", zone);
}

static void put_json(const cli_settings *settings, FILE *out,
                     const midge_event *event, const struct timespec *now,
                     bool raw) {
  char time[64];
  midge_slice topic = event->message.topic;
  if (raw && !json_is_valid(event->message.payload)) {
    if (settings->quiet) return;
    fprintf(stderr, "midge: the payload is not valid JSON on topic %.*s\n",
            (int)topic.size, (const char *)topic.data);
    return;
  }
  iso_time(now, true, time, sizeof time);
  json_print(out, event, time, raw, settings->pretty);
}

static void put_field(const cli_settings *settings, FILE *out,
                      const cli_field *field, const midge_event *event,
                      const struct timespec *now) {
  midge_slice payload = event->message.payload;
  char time[64];
  switch (field->letter) {
    case '%':
      fputc('%', out);
      break;
    case 'A':
      put_property(out, field, event, MIDGE_TOPIC_ALIAS);
      break;
    case 'C':
      put_property(out, field, event, MIDGE_CONTENT_TYPE);
      break;
    case 'D':
      put_property(out, field, event, MIDGE_CORRELATION_DATA);
      break;
    case 'E':
      put_property(out, field, event, MIDGE_MESSAGE_EXPIRY_INTERVAL);
      break;
    case 'F':
      put_property(out, field, event, MIDGE_PAYLOAD_FORMAT_INDICATOR);
      break;
    case 'R':
      put_property(out, field, event, MIDGE_RESPONSE_TOPIC);
      break;
    case 'S':
      put_property(out, field, event, MIDGE_SUBSCRIPTION_IDENTIFIER);
      break;
    case 'P':
      put_user_properties(out, event);
      break;
    case 'I':
      iso_time(now, false, time, sizeof time);
      put_text(out, field, text_of(time));
      break;
    case 'U':
      fprintf(out, "%lld.%09ld", (long long)now->tv_sec, now->tv_nsec);
      break;
    case 'j':
    case 'J':
      put_json(settings, out, event, now, field->letter == 'J');
      break;
    case 'l':
      put_number(out, field, payload.size);
      break;
    case 'm':
      put_number(out, field, event->message.packet_id);
      break;
    case 'p':
      put_text(out, field, payload);
      break;
    case 'q':
      fprintf(out, "%d", event->message.qos);
      break;
    case 'r':
      fprintf(out, "%d", event->message.retain);
      break;
    case 't':
      put_text(out, field, event->message.topic);
      break;
    default:
      put_hex(out, field, payload, field->letter == 'X');
  }
}

/* @X is strftime's %X, and @N are nanoseconds. */
static void put_time(FILE *out, char letter, const struct timespec *now) {
  char text[256], form[] = {'%', letter, '\0'};
  struct tm local;
  if (letter == '@') {
    fputc('@', out);
  } else if (letter == 'N') {
    fprintf(out, "%09ld", now->tv_nsec);
  } else {
    localtime_r(&now->tv_sec, &local);
    if (strftime(text, sizeof text, form, &local) != 0) fputs(text, out);
  }
}

static void put_escape(FILE *out, char letter) {
  static const char from[] = "\\0aenrtv", to[] = "\\\0\a\033\n\r\t\v";
  fputc(to[strchr(from, letter) - from], out);
}

static void put_format(const cli_settings *settings, const midge_event *event,
                       FILE *out) {
  const char *at = (const char *)settings->format.data;
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  while (*at != '\0') {
    cli_field field;
    if (*at == '%') {
      at = read_field(at + 1, &field);
      put_field(settings, out, &field, event, &now);
    } else if (*at == '@') {
      put_time(out, at[1], &now);
      at += 2;
    } else if (*at == '\\') {
      put_escape(out, at[1]);
      at += 2;
    } else {
      fputc(*at++, out);
    }
  }
}

void format_print(const cli_settings *settings, const midge_event *event,
                  FILE *out) {
  midge_slice topic = event->message.topic, payload = event->message.payload;
  if (settings->format.data != NULL) {
    put_format(settings, event, out);
  } else {
    /* Of an empty message mosquitto_sub prints what is a line, or nothing. */
    if (payload.size == 0 && (!settings->verbose || settings->no_newline))
      return;
    if (settings->verbose) {
      fwrite(topic.data, 1, topic.size, out);
      fputc(' ', out);
    }
    if (payload.size == 0) fputs("(null)", out);
    if (payload.size != 0) fwrite(payload.data, 1, payload.size, out);
  }
  if (!settings->no_newline) fputc('\n', out);
}
