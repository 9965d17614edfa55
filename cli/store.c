#include "store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "json.h"
#include "midge/store.h"

/* Beside 0 and 1. */
enum { EXIT_DAMAGED = 2, EXIT_LOCKED = 3 };

typedef struct store_words {
  const char *path, *key; /* null: not given */
  bool json;
} store_words;

const char store_usage[] =
    "midge store: what a durable session holds on disk\n"
    "\n"
    "  midge store list PATH            a line for each message\n"
    "  midge store count PATH           how many, and how large\n"
    "  midge store export PATH          each message as a line of JSON\n"
    "  midge store check PATH           every checksum, the lock, the room\n"
    "  midge store discard PATH KEY     take one out for good\n"
    "\n"
    "  --json                           of list, count, check: JSON\n"
    "  --help\n"
    "\n"
    "PATH is the directory that the client calls its store. All but discard "
    "only\n"
    "read, while a client has the store open too. A message is\n"
    "  waiting   to be sent\n"
    "  sent      and not yet answered, or about to be sent\n"
    "  released  of QoS 2: the server has it\n"
    "  received  from the server, and not yet dealt with by the program\n"
    "  damaged   set aside, or about to be: it is never sent\n"
    "\n"
    "Exit codes: 0 done, 1 it cannot be done, 2 check found damaged records,\n"
    "3 discard found that a client has the store open.";

static int fail(midge_status status, const char *text) {
  fprintf(stderr, "midge store: %s\n",
          text[0] != '\0' ? text : midge_status_text(status));
  return status == MIDGE_ELOCKED ? EXIT_LOCKED : EXIT_FAILURE;
}

static midge_slice path_of(const store_words *words) {
  return (midge_slice){(const uint8_t *)words->path, strlen(words->path)};
}

/* What was printed has arrived. */
static int finish(int code) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return code;
  fprintf(stderr, "midge store: cannot write: %s\n", strerror(errno));
  return EXIT_FAILURE;
}

/* --- Messages --- */

/* Nothing that a terminal would take for an order. */
static void print_topic(midge_slice topic) {
  for (size_t i = 0; i < topic.size; i++) {
    uint8_t byte = topic.data[i];
    putchar(byte < 0x20 || byte == 0x7f ? '?' : byte);
  }
  putchar('\n');
}

static void print_line(const midge_stored *stored) {
  const midge_publish *publish = &stored->publish;
  printf("%" PRIu64 " %s", stored->key, midge_stored_name(stored->kind));
  if (stored->kind == MIDGE_STORED_DAMAGED) {
    printf(" %zu bytes\n", publish->payload.size);
    return;
  }
  printf(" qos %d%s %zu bytes ", publish->qos,
         publish->retain ? " retained" : "", publish->payload.size);
  print_topic(publish->topic);
}

typedef enum store_form { LINES, JSON, JSON_WITH_PAYLOADS } store_form;

static int print_messages(const store_words *words, store_form form) {
  char text[256];
  midge_stored stored;
  midge_store_reader *reader = NULL;
  midge_status status =
      midge_store_reader_open(&reader, path_of(words), text, sizeof text);
  if (status != MIDGE_OK) return fail(status, text);
  while (!ferror(stdout) && midge_store_reader_next(reader, &stored)) {
    if (form == LINES)
      print_line(&stored);
    else
      json_print_stored(stdout, &stored, form == JSON_WITH_PAYLOADS);
  }
  status = midge_store_reader_end(reader, text, sizeof text);
  midge_store_reader_close(reader);
  return status == MIDGE_OK ? EXIT_SUCCESS : fail(status, text);
}

static int list(const store_words *words) {
  return print_messages(words, words->json ? JSON : LINES);
}

static int export(const store_words *words) {
  return print_messages(words, JSON_WITH_PAYLOADS);
}

/* --- All of it --- */

static void print_counts(const midge_store_report *report) {
  for (int i = 0; i < MIDGE_STORED_KINDS; i++)
    printf("%-9s %" PRIu64 " messages, %" PRIu64 " bytes\n",
           midge_stored_name((midge_stored_kind)i), report->kinds[i].messages,
           report->kinds[i].bytes);
}

static int count(const store_words *words) {
  char text[256];
  midge_store_report report;
  midge_status status =
      midge_store_check(path_of(words), &report, text, sizeof text);
  if (status != MIDGE_OK) return fail(status, text);
  if (words->json)
    json_print_report(stdout, &report, false);
  else
    print_counts(&report);
  return EXIT_SUCCESS;
}

static void print_lock(const midge_store_report *report) {
  if (!report->is_locked)
    puts("lock      no client has it open");
  else
    printf("lock      a client has it open, in process %" PRIu32 "\n",
           report->locked_by);
}

static int check(const store_words *words) {
  char text[256];
  midge_store_report report;
  midge_status status =
      midge_store_check(path_of(words), &report, text, sizeof text);
  if (status != MIDGE_OK) return fail(status, text);
  bool damaged = report.kinds[MIDGE_STORED_DAMAGED].messages != 0;
  if (words->json) {
    json_print_report(stdout, &report, true);
    return damaged ? EXIT_DAMAGED : EXIT_SUCCESS;
  }
  print_counts(&report);
  printf("session   %s\n", report.has_session ? "there is one" : "none yet");
  print_lock(&report);
  printf("file      %" PRIu64 " bytes, %" PRIu64 " of them used\n",
         report.bytes, report.bytes_used);
  printf("room      %" PRIu64 " bytes free on its file system\n",
         report.bytes_free);
  if (damaged)
    printf("damaged   %" PRIu64 " of them yet to be set aside\n",
           report.noticed);
  puts(damaged ? "damage was found: midge store list names the keys"
               : "every checksum is right");
  return damaged ? EXIT_DAMAGED : EXIT_SUCCESS;
}

static int discard(const store_words *words) {
  char text[256], *end;
  errno = 0;
  uint64_t key = strtoull(words->key, &end, 10);
  if (end == words->key || *end != '\0' || errno != 0 || words->key[0] == '-')
    return fail(MIDGE_EINVAL,
                "KEY is the number that midge store list prints first");
  midge_status status =
      midge_store_discard(path_of(words), key, text, sizeof text);
  return status == MIDGE_OK ? EXIT_SUCCESS : fail(status, text);
}

/* --- Words --- */

static const struct {
  const char *name;
  int (*run)(const store_words *words);
  bool has_key, has_json;
} actions[] = {
    {"list", list, false, true},       {"count", count, false, true},
    {"export", export, false, false},  {"check", check, false, true},
    {"discard", discard, true, false},
};

enum { ACTIONS = sizeof actions / sizeof *actions };

/* Null, or what is wrong. */
static const char *read_words(size_t action, store_words *words, int count,
                              char **list) {
  for (int i = 0; i < count; i++) {
    const char *word = list[i];
    if (strcmp(word, "--json") == 0 && actions[action].has_json)
      words->json = true;
    else if (word[0] == '-')
      return "the only option is --json, of list, count and check";
    else if (words->path == NULL)
      words->path = word;
    else if (words->key == NULL && actions[action].has_key)
      words->key = word;
    else
      return "there is one word too many: see midge store --help";
  }
  if (words->path == NULL) return "the path of the store is missing";
  if (words->key == NULL && actions[action].has_key)
    return "the key is missing: midge store list prints it first";
  return NULL;
}

int store_command(int count, char **words) {
  store_words read = {0};
  for (int i = 0; i < count; i++) {
    bool all;
    if (!arguments_ask_for_help(words[i], &all)) continue;
    puts(store_usage);
    return EXIT_SUCCESS;
  }
  if (count == 0)
    return fail(MIDGE_EINVAL, "list, count, export, check or discard what?");
  for (size_t i = 0; i < ACTIONS; i++) {
    if (strcmp(words[0], actions[i].name) != 0) continue;
    const char *wrong = read_words(i, &read, count - 1, words + 1);
    return wrong != NULL ? fail(MIDGE_EINVAL, wrong)
                         : finish(actions[i].run(&read));
  }
  return fail(MIDGE_EINVAL, "it is list, count, export, check or discard");
}
