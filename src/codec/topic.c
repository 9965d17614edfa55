#include "codec/topic.h"

#define SHARE_PREFIX MIDGE_TEXT("$share/")

static bool has_byte(midge_slice text, char byte) {
  return text.size != 0 && memchr(text.data, byte, text.size) != NULL;
}

bool midge_filter_has_wildcard(midge_slice filter) {
  return has_byte(filter, '+') || has_byte(filter, '#');
}

bool midge_filter_is_shared(midge_slice filter) {
  midge_slice prefix = SHARE_PREFIX;
  return filter.size >= prefix.size &&
         memcmp(filter.data, prefix.data, prefix.size) == 0;
}

/* Cut the first level off `rest`; false when there is none left. */
static bool next_level(midge_slice *rest, midge_slice *level) {
  if (rest->data == NULL) return false;
  *level = *rest;
  const uint8_t *slash =
      rest->size == 0 ? NULL : memchr(rest->data, '/', rest->size);
  if (slash == NULL) {
    *rest = MIDGE_NO_SLICE;
    return true;
  }
  level->size = (size_t)(slash - rest->data);
  *rest = midge_slice_skip(*rest, level->size + 1);
  return true;
}

/* What follows the share name; empty if nothing does. */
static midge_slice without_share(midge_slice shared, midge_slice *share_name) {
  midge_slice rest = midge_slice_skip(shared, SHARE_PREFIX.size);
  next_level(&rest, share_name);
  return rest;
}

/* `#` is a whole level and the last one [MQTT-4.7.1-1], `+` is a whole level
 * [MQTT-4.7.1-2]. */
static bool wildcards_are_in_place(midge_slice filter) {
  const uint8_t *bytes = filter.data;
  for (size_t i = 0; i < filter.size; i++) {
    if (bytes[i] != '+' && bytes[i] != '#') continue;
    if (i != 0 && bytes[i - 1] != '/') return false;
    if (i + 1 == filter.size) continue;
    if (bytes[i] == '#' || bytes[i + 1] != '/') return false;
  }
  return true;
}

/* A share name has a character and no wildcard, and a filter follows it
 * [MQTT-4.8.2-1, -2]. */
static bool share_is_well_formed(midge_slice filter) {
  midge_slice share_name;
  midge_slice rest = without_share(filter, &share_name);
  return share_name.size != 0 && !midge_filter_has_wildcard(share_name) &&
         rest.size != 0;
}

/* The top bit of each byte that is no printable ASCII, or a wildcard. Where a
 * borrow disturbs the next byte, the byte that made it is marked already. */
static uint64_t odd_bytes(const uint8_t *eight) {
  const uint64_t ones = UINT64_C(0x0101010101010101);
  uint64_t word;
  memcpy(&word, eight, sizeof word);
  uint64_t plus = word ^ ones * '+', hash = word ^ ones * '#';
  uint64_t odd = word | (word - ones * 0x20) | (word + ones) |
                 ((plus - ones) & ~plus) | ((hash - ones) & ~hash);
  return odd & (ones * 0x80);
}

/* True of almost all topics, and found out at once: no wildcard and nothing
 * but printable ASCII. False says nothing. The last bytes are looked at
 * together with some of those before. */
static bool is_plain_topic(midge_slice topic) {
  size_t at = 0;
  if (topic.size < sizeof(uint64_t)) return false;
  for (; topic.size - at >= sizeof(uint64_t); at += sizeof(uint64_t))
    if (odd_bytes(topic.data + at) != 0) return false;
  return odd_bytes(topic.data + topic.size - sizeof(uint64_t)) == 0;
}

midge_status midge_text_check(midge_slice text, midge_text_policy policy) {
  if (text.size > UINT16_MAX) return MIDGE_EINVAL;
  return midge_text_is_fine(text, policy) ? MIDGE_OK : MIDGE_EUTF8;
}

midge_status midge_topic_check(midge_slice topic, midge_text_policy policy) {
  if (topic.size <= UINT16_MAX && is_plain_topic(topic)) return MIDGE_OK;
  if (topic.size == 0 || midge_filter_has_wildcard(topic)) return MIDGE_EINVAL;
  return midge_text_check(topic, policy);
}

midge_status midge_filter_check(midge_slice filter, midge_text_policy policy) {
  if (filter.size == 0 || !wildcards_are_in_place(filter)) return MIDGE_EINVAL;
  if (midge_filter_is_shared(filter) && !share_is_well_formed(filter))
    return MIDGE_EINVAL;
  return midge_text_check(filter, policy);
}

/* [MQTT-3.3.2-2]: 0x90 would say that the name is well-formed. */
void midge_judge_topic(midge_cursor *cursor, midge_slice topic) {
  if (topic.size != 0 && midge_slice_equal(topic, cursor->known_topic)) return;
  if (is_plain_topic(topic)) return;
  midge_judge_text(cursor, topic);
  if (midge_filter_has_wildcard(topic))
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "a topic name with a wildcard");
}

/* `$share/` means nothing before MQTT 5. */
void midge_judge_filter(midge_cursor *cursor, midge_slice filter) {
  midge_judge_text(cursor, filter);
  bool fine = filter.size != 0 && wildcards_are_in_place(filter);
  if (fine && cursor->version == MIDGE_MQTT_5 && midge_filter_is_shared(filter))
    fine = share_is_well_formed(filter);
  if (!fine)
    midge_cursor_fail(cursor, MIDGE_REASON_MALFORMED_PACKET,
                      "a topic filter that is empty or has a wildcard or "
                      "share name out of place");
}

static bool is_level(midge_slice level, char byte) {
  return level.size == 1 && level.data[0] == byte;
}

bool midge_filter_matches(midge_slice filter, midge_slice topic) {
  midge_slice wanted, level;
  if (midge_filter_is_shared(filter)) filter = without_share(filter, &level);
  if (filter.size == 0 || topic.size == 0) return false;
  /* A wildcard at the start leaves out `$SYS` and its like [MQTT-4.7.2-1]. */
  if (topic.data[0] == '$' && filter.data[0] != '$') return false;

  while (next_level(&filter, &wanted)) {
    if (is_level(wanted, '#')) return true;
    if (!next_level(&topic, &level)) return false;
    if (!is_level(wanted, '+') && !midge_slice_equal(wanted, level))
      return false;
  }
  return topic.data == NULL;
}
