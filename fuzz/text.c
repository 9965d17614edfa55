/* Text, topics and filters, against slower ways to the same answer. The input
 * is a filter, a zero byte and a topic; each is text of its own, too. */
#include <string.h>

#include "check.h"
#include "midge/packet.h"
#include "reference.h"

static void check_text(midge_slice text) {
  midge_utf8 verdict = midge_utf8_check(text);
  CHECK(verdict == reference_utf8_check(text));
  midge_status strict = midge_text_check(text, MIDGE_TEXT_STRICT);
  midge_status lenient = midge_text_check(text, MIDGE_TEXT_LENIENT);
  if (text.size > UINT16_MAX) {
    CHECK(strict == MIDGE_EINVAL && lenient == MIDGE_EINVAL);
    return;
  }
  CHECK((strict == MIDGE_OK) == (verdict == MIDGE_UTF8_PLAIN));
  CHECK((lenient == MIDGE_OK) == (verdict != MIDGE_UTF8_WRONG));
}

/* The level at `at`: its end, which is a slash or the end of the text. */
static size_t level_end(midge_slice text, size_t at) {
  while (at < text.size && text.data[at] != '/') at++;
  return at;
}

/* MQTT 5, section 4.7.1, level by level as it is written. */
static bool is_filter(midge_slice text, size_t at) {
  for (size_t end; at <= text.size; at = end + 1) {
    end = level_end(text, at);
    size_t size = end - at;
    for (size_t i = at; i < end; i++) {
      if (text.data[i] == '+' && size != 1) return false;
      if (text.data[i] == '#' && (size != 1 || end != text.size)) return false;
    }
  }
  return true;
}

static bool has_wildcard(midge_slice text) {
  for (size_t i = 0; i < text.size; i++)
    if (text.data[i] == '+' || text.data[i] == '#') return true;
  return false;
}

static const char share[] = "$share/";
enum { SHARE_SIZE = sizeof share - 1 };

static bool is_shared(midge_slice text) {
  return text.size >= SHARE_SIZE && memcmp(text.data, share, SHARE_SIZE) == 0;
}

static bool is_well_shared(midge_slice text) {
  size_t end = level_end(text, SHARE_SIZE);
  midge_slice name = {text.data + SHARE_SIZE, end - SHARE_SIZE};
  return name.size != 0 && !has_wildcard(name) && end + 1 < text.size;
}

static void check_topic(midge_slice text) {
  bool fine = text.size != 0 && !has_wildcard(text) &&
              midge_text_check(text, MIDGE_TEXT_LENIENT) == MIDGE_OK;
  CHECK((midge_topic_check(text, MIDGE_TEXT_LENIENT) == MIDGE_OK) == fine);
  CHECK(midge_filter_has_wildcard(text) == has_wildcard(text));
}

static void check_filter(midge_slice text) {
  bool fine = text.size != 0 && is_filter(text, 0) &&
              midge_text_check(text, MIDGE_TEXT_LENIENT) == MIDGE_OK;
  CHECK(midge_filter_is_shared(text) == is_shared(text));
  if (is_shared(text)) fine = fine && is_well_shared(text);
  CHECK((midge_filter_check(text, MIDGE_TEXT_LENIENT) == MIDGE_OK) == fine);
}

/* Recursion over both, from the levels at `f` and `t`; one past the end when
 * there is no level left. */
static bool matches(midge_slice filter, size_t f, midge_slice topic, size_t t) {
  if (f > filter.size) return t > topic.size;
  size_t f_end = level_end(filter, f), size = f_end - f;
  if (size == 1 && filter.data[f] == '#') return true;
  if (t > topic.size) return false;
  size_t t_end = level_end(topic, t);
  bool any = size == 1 && filter.data[f] == '+';
  bool same = size == t_end - t &&
              (size == 0 || memcmp(filter.data + f, topic.data + t, size) == 0);
  return (any || same) && matches(filter, f_end + 1, topic, t_end + 1);
}

static void check_match(midge_slice filter, midge_slice topic) {
  if (midge_filter_check(filter, MIDGE_TEXT_LENIENT) != MIDGE_OK) return;
  if (midge_topic_check(topic, MIDGE_TEXT_LENIENT) != MIDGE_OK) return;
  size_t start = 0;
  if (is_shared(filter)) start = level_end(filter, SHARE_SIZE) + 1;
  bool hidden = topic.data[0] == '$' &&
                (filter.data[start] == '+' || filter.data[start] == '#');
  bool expected = !hidden && matches(filter, start, topic, 0);
  CHECK(midge_filter_matches(filter, topic) == expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
  midge_slice whole = {data, size}, filter = whole, topic = {NULL, 0};
  if (zero != NULL) {
    filter.size = (size_t)(zero - data);
    topic = (midge_slice){zero + 1, size - filter.size - 1};
  }
  const midge_slice texts[] = {whole, filter, topic};
  for (size_t i = 0; i < 3; i++) {
    check_text(texts[i]);
    check_topic(texts[i]);
    check_filter(texts[i]);
  }
  check_match(filter, topic);
  midge_filter_matches(topic, filter); /* whatever they are */
  return 0;
}
