#include "topics.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
  ROOM_FIRST = 64,    /* of places */
  BYTES_FIRST = 4096, /* of topics */
  PROBES_MAX = 32,    /* places looked at for one topic */
  NS_IN_S = 1000000000,
};

void midge_topics_set_up(midge_topics *topics) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  topics->seed = (uint64_t)now.tv_sec * NS_IN_S + (uint64_t)now.tv_nsec;
  topics->seed ^= (uint64_t)(uintptr_t)topics << 32;
}

/* The strings of a batch that was taken are not looked at any more. */
void midge_topics_begin(midge_topics *topics) {
  topics->brief = 0;
  if (!topics->is_full) return;
  memset(topics->places, 0, topics->room * sizeof *topics->places);
  topics->count = 0;
  topics->bytes_used = 0;
  topics->is_full = false;
}

void midge_topics_free(midge_topics *topics) {
  free(topics->places);
  free(topics->bytes);
  *topics = (midge_topics){.seed = topics->seed};
}

static uint64_t mix(uint64_t value, uint64_t word) {
  value = (value ^ word) * UINT64_C(0x9E3779B97F4A7C15);
  return value ^ value >> 32;
}

static uint32_t hash(const midge_topics *topics, midge_slice topic) {
  uint64_t value = mix(topics->seed, topic.size);
  size_t at = 0;
  for (; topic.size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
    uint64_t word;
    memcpy(&word, topic.data + at, sizeof word);
    value = mix(value, word);
  }
  uint64_t rest = 0;
  for (; at < topic.size; at++) rest = rest << 8 | topic.data[at];
  return (uint32_t)mix(value, rest);
}

static bool is(const midge_topics *topics, const topic_place *place,
               midge_slice topic) {
  return place->size == topic.size &&
         memcmp(topics->bytes + place->at, topic.data, topic.size) == 0;
}

/* Where the topic is, or a free place for it; null if too many have met. */
static topic_place *find(const midge_topics *topics, midge_slice topic,
                         uint32_t hashed) {
  for (uint32_t i = 0; i < PROBES_MAX; i++) {
    topic_place *place = &topics->places[(hashed + i) & (topics->room - 1)];
    if (place->size == 0) return place;
    if (place->hash == hashed && is(topics, place, topic)) return place;
  }
  return NULL;
}

/* Places that met too many others are lost, and with them their topics. */
static bool widen(midge_topics *topics) {
  uint32_t room = topics->room == 0 ? ROOM_FIRST : topics->room * 2;
  topic_place *places = calloc(room, sizeof *places);
  if (places == NULL) return false;
  midge_topics wider = *topics;
  wider.places = places;
  wider.room = room;
  wider.last = 0;
  for (uint32_t i = 0; i < topics->room; i++) {
    const topic_place *old = &topics->places[i];
    midge_slice topic = {topics->bytes + old->at, old->size};
    topic_place *place = old->size == 0 ? NULL : find(&wider, topic, old->hash);
    if (place != NULL) *place = *old;
  }
  free(topics->places);
  *topics = wider;
  return true;
}

/* Room for one topic more, and its bytes. */
static bool reserve(midge_topics *topics, size_t size) {
  if (topics->count == TOPICS_MAX ||
      topics->bytes_used + size > TOPIC_BYTES_MAX) {
    topics->is_full = true;
    return false;
  }
  if (topics->bytes_used + size > topics->bytes_room) {
    size_t room =
        topics->bytes_room == 0 ? BYTES_FIRST : topics->bytes_room * 2;
    uint8_t *bytes = realloc(topics->bytes, room);
    if (bytes == NULL) return false;
    topics->bytes = bytes;
    topics->bytes_room = room;
  }
  return topics->count < topics->room / 2 || widen(topics);
}

static void set(napi_env env, napi_value strings, uint32_t slot,
                midge_slice topic) {
  napi_value text = NULL;
  napi_create_string_utf8(env, topic.size == 0 ? "" : (const char *)topic.data,
                          topic.size, &text);
  napi_set_element(env, strings, slot, text);
}

static uint32_t set_brief(midge_topics *topics, napi_env env,
                          napi_value strings, midge_slice topic) {
  uint32_t slot = topics->brief++;
  set(env, strings, slot, topic);
  return slot;
}

static void remember(midge_topics *topics, topic_place *place,
                     midge_slice topic, uint32_t hashed) {
  *place = (topic_place){hashed, (uint32_t)topics->bytes_used,
                         (uint32_t)topic.size, TOPICS_BRIEF + topics->count};
  memcpy(topics->bytes + topics->bytes_used, topic.data, topic.size);
  topics->bytes_used += topic.size;
  topics->count++;
}

uint32_t midge_topics_slot(midge_topics *topics, napi_env env,
                           napi_value strings, midge_slice topic) {
  if (topic.size == 0 || topic.size > TOPIC_SIZE_MAX)
    return set_brief(topics, env, strings, topic);
  if (topics->room == 0 && !widen(topics))
    return set_brief(topics, env, strings, topic);
  const topic_place *last = &topics->places[topics->last];
  if (is(topics, last, topic)) return last->slot;

  uint32_t hashed = hash(topics, topic);
  topic_place *place = find(topics, topic, hashed);
  if (place == NULL || place->size == 0) {
    if (!reserve(topics, topic.size))
      return set_brief(topics, env, strings, topic);
    place = find(topics, topic, hashed); /* it may be another since */
    if (place == NULL) return set_brief(topics, env, strings, topic);
    remember(topics, place, topic, hashed);
    set(env, strings, place->slot, topic);
  }
  topics->last = (uint32_t)(place - topics->places);
  return place->slot;
}
