#include "batch.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

#include "handle.h"
#include "properties.h"

enum {
  PAGE = 4096,        /* bytes, or a few of them */
  LARGE = 128 * 1024, /* bytes that a process mostly has anew */
  FEW = 32,           /* events in a row of a client that has little */
  SHARED_FOR = 4096,  /* batches, since somebody had little */
};

static_assert(TOPICS_BRIEF == RECORDS_MAX, "each may have a topic of its own");

void midge_batch_set_up(midge_batch *batch, napi_env env,
                        const napi_value *arrays) {
  void *data = NULL;
  napi_create_reference(env, arrays[0], 1, &batch->records_ref);
  napi_create_reference(env, arrays[1], 1, &batch->extras_ref);
  napi_create_reference(env, arrays[2], 1, &batch->strings_ref);
  napi_get_typedarray_info(env, arrays[0], NULL, NULL, &data, NULL, NULL);
  batch->records = data;
  midge_topics_set_up(&batch->topics);
}

void midge_batch_free(midge_batch *batch, napi_env env) {
  napi_delete_reference(env, batch->records_ref);
  napi_delete_reference(env, batch->extras_ref);
  napi_delete_reference(env, batch->strings_ref);
  midge_topics_free(&batch->topics);
}

void midge_batch_begin(midge_batch *batch, napi_env env) {
  batch->count = 0;
  batch->events = 0;
  batch->extra_count = 1; /* the first is the shared Buffer */
  batch->staged = 0;
  batch->own = 0;
  if (batch->shared != 0) batch->shared--;
  napi_get_reference_value(env, batch->extras_ref, &batch->extras);
  napi_get_reference_value(env, batch->strings_ref, &batch->strings);
  midge_topics_begin(&batch->topics);
}

static uint32_t add_extra(midge_batch *batch, napi_env env, napi_value value) {
  if (value == NULL) return 0;
  napi_set_element(env, batch->extras, batch->extra_count, value);
  return batch->extra_count++;
}

static uint32_t *add_record(midge_batch *batch, const midge_event *event,
                            uint32_t flags) {
  uint32_t *record = batch->records + batch->count++ * RECORD_WORDS;
  const midge_handle *client = event->context;
  memset(record, 0, RECORD_WORDS * sizeof *record);
  record[0] = (uint32_t)event->type | flags;
  record[1] = client->index;
  return record;
}

/* Memory that the system has given and nobody has touched comes page by page,
 * an interrupt for each, if it is not asked for all at once. Older systems
 * refuse. */
static void populate(uint8_t *bytes, size_t size) {
#if defined(MADV_POPULATE_WRITE)
  uintptr_t first = ((uintptr_t)bytes + PAGE - 1) / PAGE * PAGE;
  uintptr_t end = ((uintptr_t)bytes + size) / PAGE * PAGE;
  (void)madvise((void *)first, end - first, MADV_POPULATE_WRITE);
#endif
}

static napi_value large_buffer_of(napi_env env, const uint8_t *bytes,
                                  size_t size) {
  napi_value buffer = NULL;
  void *data = NULL;
  if (napi_create_buffer(env, size, &data, &buffer) != napi_ok) return NULL;
  populate(data, size);
  memcpy(data, bytes, size);
  return buffer;
}

/* A Buffer of ours, and not an ArrayBuffer: that one is zeroed first. */
static napi_value buffer_of(napi_env env, const uint8_t *bytes, size_t size) {
  napi_value buffer = NULL;
  if (size >= LARGE) return large_buffer_of(env, bytes, size);
  if (napi_create_buffer_copy(env, size, bytes, NULL, &buffer) != napi_ok) {
    return NULL;
  }
  return buffer;
}

static void add_payload(midge_batch *batch, napi_env env, uint32_t *record,
                        midge_slice payload) {
  record[3] = (uint32_t)payload.size;
  if (payload.size > PAYLOAD_SHARED_MAX) {
    record[6] =
        add_extra(batch, env, buffer_of(env, payload.data, payload.size));
    batch->own += payload.size;
    return;
  }
  record[2] = (uint32_t)batch->staged;
  if (payload.size == 0) return;
  memcpy(batch->staging + batch->staged, payload.data, payload.size);
  batch->staged += payload.size;
}

/* Of a message of the inbox: what it is delivered as, and its properties. */
static napi_value delivery_of(napi_env env, const midge_event *event,
                              napi_value properties) {
  napi_value list = NULL, value = NULL;
  napi_create_array_with_length(env, 3, &list);
  napi_create_double(env, (double)event->message.delivery, &value);
  napi_set_element(env, list, 0, value);
  napi_create_double(env, (double)event->message.epoch, &value);
  napi_set_element(env, list, 1, value);
  if (properties != NULL) napi_set_element(env, list, 2, properties);
  return list;
}

static void add_message(midge_batch *batch, napi_env env,
                        const midge_event *event) {
  uint32_t flags = (uint32_t)event->message.qos << 8 |
                   (uint32_t)event->message.retain << 10 |
                   (uint32_t)event->message.duplicate << 11 |
                   (uint32_t)event->message.by_alias << 12 |
                   (uint32_t)event->message.proposed << 13;
  if (event->message.delivery != 0) flags |= 1u << 14;
  uint32_t *record = add_record(batch, event, flags);
  add_payload(batch, env, record, event->message.payload);
  record[4] = midge_topics_slot(&batch->topics, env, batch->strings,
                                event->message.topic);
  record[5] = event->message.packet_id;
  napi_value extra = midge_properties_write(env, event->properties);
  if (event->message.delivery != 0) extra = delivery_of(env, event, extra);
  record[7] = add_extra(batch, env, extra);
}

/* What an answer says in one byte or none fits into a record. */
static bool is_plain(const midge_event *event) {
  return event->done.reasons.size <= 1 && event->properties.size == 0 &&
         event->done.text.size == 0;
}

static uint32_t reason_word(const midge_event *event) {
  return event->done.reasons.size == 0 ? 0 : event->done.reasons.data[0] + 1u;
}

/* The last record, if it is of the same kind and client, and of the tokens just
 * before this one; else null. */
static uint32_t *last_before(const midge_batch *batch, const midge_event *event,
                             uint64_t token) {
  if (batch->count == 0) return NULL;
  uint32_t *last = batch->records + (batch->count - 1) * RECORD_WORDS;
  const midge_handle *client = event->context;
  uint64_t first = (uint64_t)last[3] << 32 | last[2];
  bool follows = last[0] == (uint32_t)event->type && last[1] == client->index &&
                 first + last[4] == token;
  return follows ? last : NULL;
}

/* Plain successes with the same answer that follow each other make one record:
 * publishing fast costs JavaScript next to nothing. */
static bool join(const midge_batch *batch, const midge_event *event,
                 uint64_t token) {
  if (event->done.status != MIDGE_OK) return false;
  uint32_t *last = last_before(batch, event, token);
  bool joins = last != NULL && last[5] == 0 && last[6] == reason_word(event) &&
               last[7] == 0;
  if (joins) last[4] += event->done.count;
  return joins;
}

static napi_value text_value(napi_env env, midge_slice text) {
  napi_value value = NULL;
  napi_create_string_utf8(env, text.size == 0 ? "" : (const char *)text.data,
                          text.size, &value);
  return value;
}

/* Null when there is none. */
static napi_value some_text(napi_env env, midge_slice text) {
  return text.size == 0 ? NULL : text_value(env, text);
}

static napi_value number_value(napi_env env, double number) {
  napi_value value = NULL;
  napi_create_double(env, number, &value);
  return value;
}

static napi_value list(napi_env env, const napi_value *values, uint32_t count) {
  napi_value array = NULL;
  if (napi_create_array_with_length(env, count, &array) != napi_ok) return NULL;
  for (uint32_t i = 0; i < count; i++) {
    if (values[i] != NULL) napi_set_element(env, array, i, values[i]);
  }
  return array;
}

static void add_done(midge_batch *batch, napi_env env,
                     const midge_event *event) {
  uint64_t token = event->done.token & ~MIDGE_TOKEN_PATIENT;
  if (token == 0) {
    batch->events--; /* a batch without records would be taken for the last */
    return;
  }
  batch->events += event->done.count - 1;
  if (is_plain(event) && join(batch, event, token)) return;
  uint32_t *record = add_record(batch, event, 0);
  record[2] = (uint32_t)token;
  record[3] = (uint32_t)(token >> 32);
  record[4] = event->done.count;
  record[5] = (uint32_t)event->done.status;
  record[6] = reason_word(event);
  bool well = event->done.status == MIDGE_OK;
  if (is_plain(event) && (well || record[6] == 0)) return;
  napi_value values[] = {
      NULL,
      midge_properties_write(env, event->properties),
      some_text(env, event->done.text),
  };
  napi_create_buffer_copy(env, event->done.reasons.size,
                          event->done.reasons.data, NULL, &values[0]);
  record[7] = add_extra(batch, env, list(env, values, 3));
}

/* Of the life of a client: the attempt, and the connect that it serves. */
static uint32_t *add_step(midge_batch *batch, const midge_event *event) {
  uint32_t *record = add_record(batch, event, 0);
  record[2] = event->attempt;
  record[3] = event->connect;
  return record;
}

static void add_life(midge_batch *batch, napi_env env, const midge_event *event,
                     const napi_value *values, uint32_t count) {
  uint32_t *record = add_step(batch, event);
  record[7] = add_extra(batch, env, list(env, values, count));
}

static void add_connecting(midge_batch *batch, const midge_event *event) {
  uint32_t *record = add_step(batch, event);
  record[4] = event->connecting.retry;
  record[5] = event->connecting.server;
}

/* Thousands of clients may be opened at once, most of them without properties.
 */
static void add_opened(midge_batch *batch, napi_env env,
                       const midge_event *event) {
  uint32_t *record = add_step(batch, event);
  record[4] = (event->opened.session_present ? 1u : 0) |
              (uint32_t)event->opened.version << 1 |
              (uint32_t)event->opened.limits.keep_alive_s << 16;
  record[5] = event->opened.renewed;
  record[6] = event->opened.dropped;
  napi_value values[] = {
      text_value(env, event->opened.client_id),
      midge_properties_write(env, event->properties),
  };
  record[7] = add_extra(batch, env,
                        values[1] == NULL ? values[0] : list(env, values, 2));
}

/* The first reason is the server's, the last one ours, if there are any. */
static void add_closed(midge_batch *batch, napi_env env,
                       const midge_event *event) {
  bool last = event->closed.retry_ms == MIDGE_NEVER;
  bool answered =
      event->closed.by == MIDGE_SIDE_SERVER && event->closed.has_reason;
  bool sent = event->closed.by == MIDGE_SIDE_SELF && event->closed.has_reason;
  napi_value values[] = {
      number_value(env, event->closed.status),
      answered ? number_value(env, event->closed.reason) : NULL,
      text_value(env, event->closed.text),
      text_value(env, event->closed.code),
      number_value(env, event->closed.http_status),
      number_value(env, last ? -1 : (double)event->closed.retry_ms),
      midge_properties_write(env, event->properties),
      sent ? number_value(env, event->closed.reason) : NULL,
  };
  add_life(batch, env, event, values, 8);
}

static void add_authenticate(midge_batch *batch, napi_env env,
                             const midge_event *event) {
  napi_value values[] = {
      number_value(env, event->authenticate.reason),
      midge_properties_write(env, event->properties),
  };
  add_life(batch, env, event, values, 2);
}

/* As for DONE, those in a row make one record. */
static void add_stored(midge_batch *batch, const midge_event *event) {
  uint64_t token = event->stored.token & ~MIDGE_TOKEN_PATIENT;
  uint32_t *last = last_before(batch, event, token);
  if (last != NULL) {
    last[4]++;
    return;
  }
  uint32_t *record = add_record(batch, event, 0);
  record[2] = (uint32_t)token;
  record[3] = (uint32_t)(token >> 32);
  record[4] = 1;
}

static void add_restored(midge_batch *batch, const midge_event *event) {
  uint32_t *record = add_record(batch, event, 0);
  record[2] = (uint32_t)event->restored.messages;
  record[3] = (uint32_t)event->restored.damaged;
  record[4] = event->restored.stale;
}

static void add_store(midge_batch *batch, napi_env env,
                      const midge_event *event) {
  uint32_t *record = add_record(batch, event, 0);
  record[5] = (uint32_t)event->store.status;
  record[7] = add_extra(batch, env, text_value(env, event->store.text));
}

/* The bytes of WRITE are a Buffer, the host of DIAL a string. */
static void add_transport(midge_batch *batch, napi_env env,
                          const midge_event *event) {
  midge_slice bytes = event->transport.bytes;
  bool writes = event->transport.want == MIDGE_WANT_WRITE;
  napi_value values[] = {
      number_value(env, event->transport.want),
      writes ? buffer_of(env, bytes.data, bytes.size) : text_value(env, bytes),
      number_value(env, event->transport.port),
  };
  if (writes) batch->own += bytes.size;
  add_life(batch, env, event, values, 3);
}

static void add_packet(midge_batch *batch, napi_env env,
                       const midge_event *event) {
  midge_slice bytes = event->packet.bytes;
  napi_value values[] = {
      number_value(env, event->packet.type),
      number_value(env, event->packet.sent),
      number_value(env, event->packet.packet_id),
      buffer_of(env, bytes.data, bytes.size),
      midge_properties_write(env, event->properties),
  };
  add_life(batch, env, event, values, 5);
}

/* Who has little waits for what JavaScript was given before, and has its turn
 * sooner when that is less at a time. */
static void note_client(midge_batch *batch, const void *client) {
  if (client == batch->client) {
    if (++batch->run == RECORDS_SHARED) batch->bulk = client;
    return;
  }
  bool has_little = batch->run < FEW && batch->client != batch->bulk;
  if (has_little && batch->bulk != NULL) batch->shared = SHARED_FOR;
  batch->client = client;
  batch->run = 1;
}

void midge_batch_add(midge_batch *batch, napi_env env,
                     const midge_event *event) {
  batch->events++;
  note_client(batch, event->context);
  switch (event->type) {
    case MIDGE_EVENT_MESSAGE:
      add_message(batch, env, event);
      return;
    case MIDGE_EVENT_DONE:
      add_done(batch, env, event);
      return;
    case MIDGE_EVENT_OPENED:
      add_opened(batch, env, event);
      return;
    case MIDGE_EVENT_CLOSED:
      add_closed(batch, env, event);
      return;
    case MIDGE_EVENT_CONNECTING:
      add_connecting(batch, event);
      return;
    case MIDGE_EVENT_AUTHENTICATE:
      add_authenticate(batch, env, event);
      return;
    case MIDGE_EVENT_TRANSPORT:
      add_transport(batch, env, event);
      return;
    case MIDGE_EVENT_ENDED:
      add_record(batch, event, 0);
      return;
    case MIDGE_EVENT_STORED:
      add_stored(batch, event);
      return;
    case MIDGE_EVENT_RESTORED:
      add_restored(batch, event);
      return;
    case MIDGE_EVENT_STORE:
      add_store(batch, env, event);
      return;
    case MIDGE_EVENT_PACKET:
      add_packet(batch, env, event);
      return;
  }
}

bool midge_batch_is_full(const midge_batch *batch) {
  uint32_t most = batch->shared != 0 ? RECORDS_SHARED : RECORDS_MAX;
  return batch->count >= most || batch->events >= EVENTS_MAX ||
         batch->own >= BATCH_BYTES_OWN ||
         batch->staged > BATCH_BYTES - PAYLOAD_SHARED_MAX;
}

uint32_t midge_batch_end(midge_batch *batch, napi_env env) {
  if (batch->staged != 0) {
    napi_set_element(env, batch->extras, 0,
                     buffer_of(env, batch->staging, batch->staged));
  }
  return batch->count;
}
