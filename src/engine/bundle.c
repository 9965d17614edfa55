#include "engine/bundle.h"

#include <assert.h>

#include "base/slice.h"
#include "codec/publish.h"
#include "engine/tell.h"

/* --- Records --- */

static uint16_t two(const uint8_t *from) {
  return (uint16_t)(from[0] | from[1] << 8);
}

bool midge_bundle_next(midge_bundle_walk *walk, midge_bundle_record *record) {
  midge_slice rest = walk->rest;
  if (rest.size < 3) return false;
  uint8_t flags = rest.data[0];
  size_t payload_size = two(rest.data + 1);
  rest = midge_slice_skip(rest, 3);
  midge_slice topic = walk->topic;
  if ((flags & MIDGE_BUNDLE_SAME_TOPIC) == 0) {
    if (rest.size < 2) return false;
    size_t size = two(rest.data);
    rest = midge_slice_skip(rest, 2);
    if (rest.size < size) return false;
    topic = midge_slice_of(rest.data, size);
    rest = midge_slice_skip(rest, size);
  }
  if (rest.size < payload_size) return false;
  *record = (midge_bundle_record){
      .topic = topic,
      .payload = midge_slice_of(rest.data, payload_size),
      .retain = (flags & MIDGE_BUNDLE_RETAIN) != 0,
  };
  *walk = (midge_bundle_walk){midge_slice_skip(rest, payload_size), topic};
  return true;
}

midge_status midge_bundle_measure(const midge_bundle *bundle,
                                  midge_text_policy text, size_t *bytes) {
  midge_bundle_walk walk = {.rest = bundle->records};
  midge_bundle_record record;
  const uint8_t *checked = walk.rest.data; /* no topic begins there */
  uint32_t count = 0;
  *bytes = 0;
  for (; midge_bundle_next(&walk, &record); count++) {
    *bytes += record.topic.size + record.payload.size;
    if (record.topic.data == checked) continue;
    midge_status status = midge_topic_check(record.topic, text);
    if (status != MIDGE_OK) return status;
    checked = record.topic.data;
  }
  bool whole = walk.rest.size == 0 && count != 0 && count == bundle->count &&
               bundle->records.size <= MIDGE_BUNDLE_SIZE_MAX;
  return whole ? MIDGE_OK : MIDGE_EINVAL;
}

midge_status midge_bundle_check(const midge_bundle *bundle,
                                midge_text_policy text) {
  size_t bytes;
  return midge_bundle_measure(bundle, text, &bytes);
}

static midge_bundle_walk walk_of(const midge_message *bundle) {
  return (midge_bundle_walk){.rest = midge_message_payload(bundle)};
}

static midge_publish_head head_of(const midge_bundle_record *record) {
  return (midge_publish_head){.topic = record->topic,
                              .retain = record->retain,
                              .payload_size = record->payload.size};
}

/* --- Showing --- */

/* The bytes of all packets; 0 when they cannot go as they are. */
static size_t measure(const midge_session *session,
                      const midge_message *bundle) {
  const midge_limits *limits = &session->limits;
  midge_bundle_walk walk = walk_of(bundle);
  midge_bundle_record record;
  size_t all = 0;
  while (midge_bundle_next(&walk, &record)) {
    midge_publish_head head = head_of(&record);
    size_t size = midge_publish_size(session->version, &head);
    if (size > limits->packet_size_max) return 0;
    if (record.retain && !limits->retain) return 0;
    all += size;
  }
  return all;
}

static bool uses_aliases(const midge_session *session) {
  return session->options.alias_auto && session->aliases_out.max != 0;
}

static void encode(const midge_session *session, const midge_message *bundle,
                   uint8_t *to) {
  midge_bundle_walk walk = walk_of(bundle);
  midge_bundle_record record;
  while (midge_bundle_next(&walk, &record)) {
    midge_publish_head head = head_of(&record);
    to = midge_publish_encode_head(session->version, &head, to);
    to = midge_slice_copy(to, record.payload);
  }
}

bool midge_bundle_show(midge_session *session, midge_message *bundle) {
  if (uses_aliases(session)) return false;
  size_t size = measure(session, bundle);
  if (size == 0) return false;
  uint8_t *to = midge_output_reserve(&session->output, size);
  if (to == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return true;
  }
  encode(session, bundle, to);
  midge_output_commit(&session->output, size);
  bundle->end = session->output.appended;
  bundle->begin = bundle->end - size;
  midge_outbox_show(&session->outbox, bundle);
  return true;
}

/* --- Opening --- */

/* The rest of a bundle, one message for each record. What finds no memory
 * ends. */
static void open_rest(midge_session *session, midge_message *bundle,
                      midge_bundle_walk walk, uint32_t ended) {
  midge_message *behind = bundle;
  midge_bundle_record record;
  for (uint32_t at = ended; midge_bundle_next(&walk, &record); at++) {
    midge_publish publish = {.payload = record.payload,
                             .retain = record.retain,
                             .label = bundle->label + at};
    midge_message *message = midge_message_new(&session->allocator, &publish,
                                               record.topic, session->now);
    uint64_t token = bundle->first_token + at;
    if (message == NULL) {
      midge_session_done(session,
                         &(midge_done){.token = token, .status = MIDGE_ENOMEM});
      continue;
    }
    message->owner.token = token;
    message->key = bundle->key + at;
    midge_outbox_insert(&session->outbox, behind, message);
    midge_tokens_add(&session->tokens, &message->owner);
    behind = message;
  }
  midge_outbox_remove(&session->outbox, bundle);
  midge_message_release(bundle);
}

void midge_bundle_open(midge_session *session, midge_message *bundle) {
  open_rest(session, bundle, walk_of(bundle), 0);
}

void midge_bundle_rewind(midge_session *session, midge_message *bundle) {
  midge_bundle_walk walk = walk_of(bundle), before = walk;
  midge_bundle_record record;
  uint64_t end = bundle->begin;
  uint32_t ended = 0;
  for (; midge_bundle_next(&walk, &record); before = walk, ended++) {
    midge_publish_head head = head_of(&record);
    end += midge_publish_size(session->version, &head);
    if (end > session->output.sent) break;
  }
  if (ended == 0) return;
  assert(ended < bundle->count); /* else it had ended */
  midge_session_done(session, &(midge_done){.token = bundle->first_token,
                                            .status = MIDGE_OK,
                                            .count = ended});
  open_rest(session, bundle, before, ended);
}
