#include "reel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { HEADER_MAX = 1 << 20, COMPLAINTS_MAX = 10 };

bool reel_read(cli_reel *reel) {
  int more = input_read(&reel->input, STDIN_FILENO);
  if (more < 0) complain(reel->settings, "%s: %s", reel->name, strerror(errno));
  reel->at_end = more <= 0;
  return more >= 0;
}

static bool read_header(cli_reel *reel) {
  midge_slice line = MIDGE_TEXT("");
  while (!input_line(&reel->input, reel->at_end, &line)) {
    if (reel->at_end || reel->input.size > HEADER_MAX) break;
    if (!reel_read(reel)) return false;
  }
  reel->line = 1;
  const char *wrong = recording_check(line);
  if (wrong != NULL)
    complain(reel->settings, "%s, line 1: %s", reel->name, wrong);
  return wrong == NULL;
}

bool reel_open(cli_reel *reel, const cli_settings *settings) {
  const char *name = settings->recording;
  bool is_pipe = strcmp(name, "-") == 0;
  reel->settings = settings;
  reel->name = is_pipe ? "standard input" : name;
  if (is_pipe) return read_header(reel);
  int file = open(name, O_RDONLY | O_CLOEXEC);
  if (file >= 0 && dup2(file, STDIN_FILENO) >= 0 && close(file) == 0)
    return read_header(reel);
  complain(settings, "%s: %s", name, strerror(errno));
  return false;
}

bool reel_rewind(cli_reel *reel) {
  if (lseek(STDIN_FILENO, 0, SEEK_SET) < 0) {
    complain(reel->settings, "%s: --loop cannot read it again: %s", reel->name,
             strerror(errno));
    return false;
  }
  reel->input.first = reel->input.size = 0;
  reel->at_end = false;
  return read_header(reel);
}

/* --- Messages --- */

static bool matches(const texts *filters, midge_slice topic) {
  for (size_t i = 0; i < filters->count; i++) {
    if (midge_filter_matches(filters->list[i], topic)) return true;
  }
  return false;
}

static bool is_wanted(const cli_settings *settings, midge_slice topic) {
  if (settings->topics.count != 0 && !matches(&settings->topics, topic))
    return false;
  return !matches(&settings->filters_out, topic);
}

static bool add_prefix(cli_reel *reel, midge_slice prefix, midge_slice *topic) {
  if (prefix.size == 0) return true;
  size_t size = prefix.size + topic->size;
  uint8_t *whole = realloc(reel->topic, size);
  if (whole == NULL) return false;
  memcpy(whole, prefix.data, prefix.size);
  if (topic->size != 0) memcpy(whole + prefix.size, topic->data, topic->size);
  reel->topic = whole;
  *topic = (midge_slice){whole, size};
  return true;
}

static void drop_properties(cli_reel *reel, midge_publish *publish) {
  if (publish->properties.count == 0) return;
  publish->properties = (midge_properties){0};
  if (!reel->lacks_properties)
    complain(reel->settings,
             "the recording has properties, which are of MQTT 5 (-V mqttv5): "
             "they are left out");
  reel->lacks_properties = true;
}

/* Null, or why it cannot be published. */
static const char *prepare(cli_reel *reel, midge_publish *publish) {
  const cli_settings *settings = reel->settings;
  if (settings->qos >= 0) publish->qos = (midge_qos)settings->qos;
  if (!add_prefix(reel, settings->topic_prefix, &publish->topic))
    return midge_status_text(MIDGE_ENOMEM);
  midge_status status =
      midge_publish_check(publish, MIDGE_MQTT_5, MIDGE_TEXT_STRICT);
  if (settings->client.session.version != MIDGE_MQTT_5)
    drop_properties(reel, publish);
  return status == MIDGE_OK ? NULL
                            : "MQTT has no such topic, property or payload";
}

static void complain_of_line(cli_reel *reel, const char *wrong) {
  reel->faults++;
  if (reel->faults <= COMPLAINTS_MAX)
    complain(reel->settings,
             "%s, line %zu is left out: %s: correct it, or delete it",
             reel->name, reel->line, wrong);
}

bool reel_find(cli_reel *reel) {
  midge_slice line;
  while (!reel->has_next && input_line(&reel->input, reel->at_end, &line)) {
    reel->line++;
    if (line.size == 0) continue;
    const char *wrong = recording_read(line, &reel->next);
    bool wanted =
        wrong == NULL && is_wanted(reel->settings, reel->next.publish.topic);
    if (wanted) wrong = prepare(reel, &reel->next.publish);
    if (wrong != NULL) complain_of_line(reel, wrong);
    reel->has_next = wanted && wrong == NULL;
    if (!reel->has_next) recorded_free(&reel->next);
  }
  return reel->has_next;
}

void reel_drop(cli_reel *reel) {
  recorded_free(&reel->next);
  reel->has_next = false;
}

void reel_close(cli_reel *reel) {
  if (reel->faults > COMPLAINTS_MAX)
    complain(reel->settings, "%s: %" PRIu64 " lines were left out", reel->name,
             reel->faults);
  recorded_free(&reel->next);
  input_free(&reel->input);
  free(reel->topic);
}
