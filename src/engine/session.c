/* A session from its beginning to its end, and what it asks the driver to do.
 */
#include "base/slice.h"
#include "engine/keep.h"
#include "engine/options.h"
#include "engine/publish_in.h"
#include "engine/publish_out.h"
#include "engine/pump.h"
#include "engine/records.h"
#include "engine/state.h"
#include "engine/time.h"
#include "engine/will.h"

enum { EXACTLY_ONCE_MAX = 19 }; /* mosquitto counts 20, and QoS 1 needs one */

/* The properties of CONNECT: our options', then the program's. */
static bool keep_connect_properties(midge_session *session) {
  const midge_session_options *options = &session->options;
  midge_property own[4];
  size_t count = 0;
  if (options->session_expiry_s != 0)
    own[count++] = (midge_property){.id = MIDGE_SESSION_EXPIRY_INTERVAL,
                                    .number = options->session_expiry_s};
  if (options->receive_max != UINT16_MAX)
    own[count++] = (midge_property){.id = MIDGE_RECEIVE_MAXIMUM,
                                    .number = options->receive_max};
  if (options->packet_size_max != MIDGE_PACKET_SIZE_MAX)
    own[count++] = (midge_property){.id = MIDGE_MAXIMUM_PACKET_SIZE,
                                    .number = options->packet_size_max};
  if (options->alias_max != 0)
    own[count++] = (midge_property){.id = MIDGE_TOPIC_ALIAS_MAXIMUM,
                                    .number = options->alias_max};
  midge_properties ours = {own, count};
  size_t size =
      midge_properties_size(ours) + midge_properties_size(options->properties);
  if (size == 0) return true;
  session->connect_properties = midge_buffer_new(&session->allocator, size);
  if (session->connect_properties == NULL) return false;
  uint8_t *to =
      midge_properties_encode(ours, session->connect_properties->data);
  midge_properties_encode(options->properties, to);
  return true;
}

static bool keep(midge_session *session, midge_buffer **place,
                 midge_slice bytes) {
  *place = midge_buffer_copy(&session->allocator, bytes);
  return *place != NULL;
}

/* Restored messages and those of an inbox find it there. */
static bool make_lodging(midge_session *session) {
  if (!session->options.durable) return true;
  return midge_lodging_at(&session->lodging, &session->allocator) != NULL;
}

static midge_status keep_options(midge_session *session) {
  const midge_session_options *options = &session->options;
  midge_property property;
  if (!make_lodging(session)) return MIDGE_ENOMEM;
  if (options->client_id.size != 0 &&
      !keep(session, &session->client_id, options->client_id))
    return MIDGE_ENOMEM;
  if (!keep_connect_properties(session)) return MIDGE_ENOMEM;
  midge_slice wire = session->connect_properties != NULL
                         ? midge_buffer_slice(session->connect_properties)
                         : MIDGE_NO_SLICE;
  if (midge_property_find(wire, MIDGE_AUTHENTICATION_METHOD, &property) &&
      !keep(session, &session->auth_method, property.value))
    return MIDGE_ENOMEM;
  if (midge_property_find(wire, MIDGE_REQUEST_PROBLEM_INFORMATION, &property))
    session->problem_information = property.number != 0;
  midge_status status = midge_session_keep_will(session, options->will);
  if (status != MIDGE_OK) return status;
  return midge_session_set_credentials(session, options->user_name,
                                       options->password);
}

static void init(midge_session *session, const midge_allocator *allocator) {
  session->allocator = *allocator;
  allocator = &session->allocator;
  session->version = session->options.version;
  session->problem_information = true;
  session->next_key = 1;
  session->next_order = 1;
  session->next_subscription = 1;
  midge_session_clear_times(session);
  midge_packet_ids_init(&session->packet_ids, allocator);
  midge_deadlines_init(&session->deadlines, allocator);
  midge_tokens_init(&session->tokens, allocator);
  midge_outbox_init(&session->outbox, session->options.queue_memory_max);
  midge_coalesced_init(&session->coalesced, allocator);
  midge_requests_init(&session->requests, allocator);
  midge_subscriptions_init(&session->subscriptions, allocator);
  midge_inbox_init(&session->inbox, allocator);
  midge_receiver_init(&session->receiver, allocator);
  midge_output_init(&session->output, allocator);
  midge_ring_init(&session->controls, allocator, sizeof(midge_control));
  midge_events_init(&session->events, allocator);
  midge_record_queue_init(&session->records, allocator,
                          session->options.durable);
  midge_aliases_init(&session->aliases_in, allocator);
  midge_aliases_init(&session->aliases_out, allocator);
  midge_aliases_init(&session->aliases_said, allocator);
  midge_aliases_reset(&session->aliases_said, UINT16_MAX);
}

/* What the options pointed at is the caller's again. */
static void forget_pointers(midge_session_options *options) {
  options->client_id = options->user_name = options->password = MIDGE_NO_SLICE;
  options->will = NULL;
  options->properties = (midge_properties){NULL, 0};
  options->allocator = NULL;
}

midge_status midge_session_new(midge_session **session,
                               const midge_session_options *given) {
  const midge_allocator *allocator =
      midge_allocator_or_default(given->allocator);
  midge_session_options options = midge_options_with_defaults(given);
  midge_status status = midge_options_check(&options);
  if (status != MIDGE_OK) return status;
  midge_session *made = midge_allocate_zero(allocator, sizeof *made);
  if (made == NULL) return MIDGE_ENOMEM;

  made->options = options;
  made->exactly_once_max =
      given->in_flight_max != 0 ? given->in_flight_max : EXACTLY_ONCE_MAX;
  init(made, allocator);
  status = keep_options(made);
  forget_pointers(&made->options);
  if (status != MIDGE_OK) {
    midge_session_free(made);
    return status;
  }
  *session = made;
  return MIDGE_OK;
}

void midge_session_free(midge_session *session) {
  if (session == NULL) return;
  midge_buffer_release(session->client_id);
  midge_buffer_release(session->user_name);
  midge_buffer_release(session->password);
  midge_buffer_release(session->connect_properties);
  midge_buffer_release(session->will);
  midge_buffer_release(session->auth_method);
  midge_buffer_release(session->farewell);
  midge_deadlines_free(&session->deadlines);
  midge_outbox_free(&session->outbox);
  midge_coalesced_free(&session->coalesced);
  midge_requests_free(&session->requests);
  midge_packet_ids_free(&session->packet_ids);
  midge_tokens_free(&session->tokens);
  midge_subscriptions_free(&session->subscriptions);
  midge_inbox_free(&session->inbox);
  midge_lodging_free(session->lodging, &session->allocator);
  midge_receiver_clear(&session->receiver);
  midge_output_free(&session->output);
  midge_ring_free(&session->controls);
  midge_events_free(&session->events);
  midge_record_queue_free(&session->records);
  midge_aliases_reset(&session->aliases_in, 0);
  midge_aliases_reset(&session->aliases_out, 0);
  midge_aliases_reset(&session->aliases_said, 0);
  midge_allocator allocator = session->allocator;
  midge_free(&allocator, session, sizeof *session);
}

/* --- What to do, and what was done --- */

bool midge_session_event(midge_session *session, midge_event *event) {
  midge_owed owed;
  if (!midge_events_next(&session->events, event, &owed)) return false;
  event->context = session->options.context;
  if (event->type != MIDGE_EVENT_MESSAGE) return true;
  if (event->message.qos == MIDGE_AT_MOST_ONCE) return true;
  if (owed.kept) event->message.epoch = session->lodging->keeping.epoch;
  midge_session_handed_out(session, event, owed);
  midge_session_note_output(session); /* an answer changes nothing else */
  return true;
}

bool midge_session_record(midge_session *session, midge_record *record) {
  return midge_record_queue_next(&session->records, record);
}

void midge_session_committed(midge_session *session, uint64_t position) {
  if (position > session->records.written) position = session->records.written;
  if (position > session->records.committed)
    session->records.committed = position;
  midge_session_tell_stored(session);
  midge_session_tell_kept(session);
  midge_session_settle(session);
}

size_t midge_session_output(const midge_session *session, midge_slice *slices,
                            size_t count) {
  return midge_output_look(&session->output, slices, count);
}

void midge_session_sent(midge_session *session, size_t size) {
  if (size == 0) return;
  midge_output_consume(&session->output, size);
  midge_session_bytes_left(session);
  midge_session_finish_sent(session);
  midge_session_settle(session);
}

size_t midge_session_backlog(const midge_session *session) {
  return midge_output_backlog(&session->output);
}

size_t midge_session_unfinished(const midge_session *session) {
  return session->outbox.count;
}

size_t midge_session_in_flight(const midge_session *session) {
  return session->outbox.in_flight;
}

midge_round_trips midge_session_round_trips(const midge_session *session) {
  return session->trips.told;
}
