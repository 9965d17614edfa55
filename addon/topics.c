#include "topics.h"

#include <stdlib.h>
#include <string.h>

void midge_topics_begin(midge_topics *topics) {
  topics->batch++;
  topics->spare = TOPIC_SLOTS;
}

/* FNV-1a, folded: collisions cost a string, nothing else. */
static uint32_t hash(midge_slice topic) {
  uint32_t value = 2166136261u;
  for (size_t i = 0; i < topic.size; i++) {
    value = (value ^ topic.data[i]) * 16777619u;
  }
  return (value ^ (value >> 15)) & (TOPIC_SLOTS - 1);
}

static bool is(const topic_entry *entry, midge_slice topic) {
  return entry->data != NULL && entry->size == topic.size &&
         memcmp(entry->data, topic.data, topic.size) == 0;
}

static void set(napi_env env, napi_value strings, uint32_t slot,
                midge_slice topic) {
  napi_value text = NULL;
  napi_create_string_utf8(env, topic.size == 0 ? "" : (const char *)topic.data,
                          topic.size, &text);
  napi_set_element(env, strings, slot, text);
}

/* A slot that this batch has given out keeps its string until the batch ends:
 * the messages before this one still point at it. */
static bool remember(midge_topics *topics, topic_entry *entry,
                     midge_slice topic) {
  if (topic.size == 0 || topic.size > TOPIC_SIZE_MAX) return false;
  if (entry->data != NULL && entry->batch == topics->batch) return false;
  if (entry->data == NULL) entry->data = malloc(TOPIC_SIZE_MAX);
  if (entry->data == NULL) return false;
  memcpy(entry->data, topic.data, topic.size);
  entry->size = topic.size;
  return true;
}

uint32_t midge_topics_slot(midge_topics *topics, napi_env env,
                           napi_value strings, midge_slice topic) {
  topic_entry *last = &topics->entries[topics->last];
  if (is(last, topic)) {
    last->batch = topics->batch;
    return topics->last;
  }
  uint32_t slot = hash(topic);
  topic_entry *entry = &topics->entries[slot];
  if (!is(entry, topic)) {
    if (!remember(topics, entry, topic)) {
      set(env, strings, topics->spare, topic);
      return topics->spare++;
    }
    set(env, strings, slot, topic);
  }
  entry->batch = topics->batch;
  topics->last = slot;
  return slot;
}

void midge_topics_free(midge_topics *topics) {
  for (size_t i = 0; i < TOPIC_SLOTS; i++) free(topics->entries[i].data);
  memset(topics, 0, sizeof *topics);
}
