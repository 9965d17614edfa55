/* The public functions of a client: checked here, on the caller's thread, and
 * put into the mailbox. */
#include "codec/reason.h"
#include "engine/bundle.h"
#include "engine/message.h"
#include "link/url.h"
#include "reactor/help.h"

enum { SMALL_MAX = 4096 }; /* payloads that may be copied twice */

static midge_status wish(midge_client *client, midge_wish_type type) {
  return midge_reactor_wish(client->reactor,
                            &(midge_wish){.client = client, .type = type});
}

uint64_t midge_client_last_stored(const midge_client *client) {
  return client->last_stored;
}

/* --- Connections --- */

static bool is_asked(const midge_client *client) {
  return (atomic_load(&client->standing) & 1) != 0;
}

/* At least once: a session may be there. */
static bool was_asked(const midge_client *client) {
  return atomic_load(&client->standing) != 0;
}

/* From "not asked for" to "asked for", or back. False: it was so before. */
static bool set_asked(midge_client *client, bool asked, unsigned *standing) {
  unsigned before = atomic_load(&client->standing);
  do {
    if (((before & 1) != 0) == asked) return false;
    *standing = asked ? before + 3 : before - 1;
  } while (
      !atomic_compare_exchange_weak(&client->standing, &before, *standing));
  return true;
}

midge_status midge_client_connect(midge_client *client) {
  unsigned standing = 0;
  if (!set_asked(client, true, &standing)) return MIDGE_EINVAL;
  midge_wish connect = {.client = client, .type = MIDGE_WISH_CONNECT};
  connect.connect.number = standing / 2;
  midge_status status = midge_reactor_wish(client->reactor, &connect);
  if (status != MIDGE_OK) set_asked(client, false, &standing);
  return status;
}

midge_status midge_client_disconnect(midge_client *client, midge_reason reason,
                                     midge_properties properties, bool force) {
  unsigned standing = 0;
  midge_status status = midge_disconnect_check(
      reason, properties, client->version, client->ends_with_connection);
  if (status != MIDGE_OK) return status;
  if (!set_asked(client, false, &standing)) return MIDGE_ENOCONN;

  midge_wish disconnect = {.client = client, .type = MIDGE_WISH_DISCONNECT};
  disconnect.disconnect.reason = reason;
  disconnect.disconnect.properties = properties;
  disconnect.disconnect.force = force;
  status = midge_reactor_wish(client->reactor, &disconnect);
  if (status != MIDGE_OK) atomic_store(&client->standing, standing + 1);
  return status;
}

void midge_client_abort(midge_client *client) {
  unsigned standing = 0;
  bool asked = set_asked(client, false, &standing);
  midge_status status = wish(client, MIDGE_WISH_ABORT);
  if (status != MIDGE_OK && asked)
    atomic_store(&client->standing, standing + 1);
}

midge_status midge_client_reconnect(midge_client *client) {
  if (!is_asked(client)) return MIDGE_ENOCONN;
  return wish(client, MIDGE_WISH_RECONNECT);
}

static midge_status check_attempt(midge_client *client,
                                  const midge_attempt *attempt) {
  midge_url url = {0};
  midge_status status = MIDGE_OK;
  if (attempt->url.data != NULL)
    status = midge_url_parse(&url, &client->reactor->allocator, attempt->url,
                             MIDGE_URL_SERVER, NULL, 0);
  midge_url_free(&url);
  if (status != MIDGE_OK) return status;
  if (attempt->user_name.size > UINT16_MAX ||
      attempt->password.size > UINT16_MAX)
    return MIDGE_EINVAL;
  if (attempt->identity != NULL &&
      attempt->identity->client_id.size > UINT16_MAX)
    return MIDGE_EINVAL;
  return midge_text_check(attempt->user_name, client->text);
}

midge_status midge_client_proceed(midge_client *client, uint32_t number,
                                  const midge_attempt *attempt) {
  midge_wish proceed = {.client = client, .type = MIDGE_WISH_PROCEED};
  proceed.proceed.number = number;
  if (!is_asked(client)) return MIDGE_ENOCONN;
  if (attempt != NULL) {
    midge_status status = check_attempt(client, attempt);
    if (status != MIDGE_OK) return status;
    proceed.proceed.attempt = *attempt;
  }
  return midge_reactor_wish(client->reactor, &proceed);
}

void midge_client_hold(midge_client *client, bool held) {
  midge_wish hold = {.client = client, .type = MIDGE_WISH_HOLD};
  hold.hold.on = held;
  midge_status status = midge_reactor_wish(client->reactor, &hold);
  (void)status; /* without memory for it messages wait, or come at once */
}

midge_status midge_client_ping(midge_client *client) {
  return wish(client, MIDGE_WISH_PING);
}

midge_status midge_client_postpone_ping(midge_client *client) {
  return wish(client, MIDGE_WISH_POSTPONE_PING);
}

midge_status midge_client_trace(midge_client *client, bool traced) {
  midge_wish trace = {.client = client, .type = MIDGE_WISH_TRACE};
  trace.trace.on = traced;
  return midge_reactor_wish(client->reactor, &trace);
}

void midge_client_close(midge_client *client) {
  unsigned standing = 0;
  midge_wish close = {.client = client, .type = MIDGE_WISH_CLOSE};
  set_asked(client, false, &standing);
  midge_reactor_wish_lent(client->reactor, &client->last_parcel, &close);
}

/* --- Wishes that end in MIDGE_EVENT_DONE --- */

static bool reserve(midge_client *client, size_t count, size_t cost) {
  size_t messages = atomic_fetch_add(&client->queue_messages, count);
  size_t bytes = atomic_fetch_add(&client->queue_bytes, cost);
  return messages < client->queue_messages_max &&
         count <= client->queue_messages_max - messages &&
         bytes <= client->queue_bytes_max &&
         cost <= client->queue_bytes_max - bytes;
}

static void give_back(midge_client *client, size_t count, size_t cost) {
  atomic_fetch_sub(&client->queue_messages, count);
  atomic_fetch_sub(&client->queue_bytes, cost);
}

static bool is_large(const midge_wish *wish) {
  return wish->type == MIDGE_WISH_PUBLISH &&
         wish->publish.properties.count == 0 &&
         wish->publish.payload.size > SMALL_MAX;
}

/* What is large is copied here, once. */
static midge_status put(midge_client *client, midge_wish *wish) {
  midge_reactor *reactor = client->reactor;
  if (!is_large(wish)) return midge_reactor_wish(reactor, wish);
  wish->draft = midge_message_draft(&reactor->allocator, &wish->publish);
  if (wish->draft == NULL) return MIDGE_ENOMEM;
  if (wish->publish.followed) midge_help_gather(reactor, wish);
  midge_status status = midge_reactor_wish(reactor, wish);
  if (status != MIDGE_OK) midge_reactor_uncork(reactor); /* by nothing */
  midge_buffer_release(wish->draft);
  return status;
}

/* `count` that take `cost` bytes of the queue until they end. */
static midge_status enqueue_many(midge_client *client, midge_wish *wish,
                                 size_t count, size_t cost) {
  if (!is_asked(client)) return MIDGE_ENOCONN;
  if (cost == 0) cost = 1; /* a topic alias alone */
  if (cost > UINT32_MAX) return MIDGE_EQUEUE;
  wish->client = client;
  wish->cost = (uint32_t)cost;
  midge_status status = MIDGE_EQUEUE;
  if (reserve(client, count, cost))
    status = midge_help(client, wish) ? MIDGE_OK : put(client, wish);
  if (status != MIDGE_OK) give_back(client, count, cost);
  return status;
}

static midge_status enqueue(midge_client *client, midge_wish *wish,
                            size_t cost) {
  return enqueue_many(client, wish, 1, cost);
}

static size_t size_of(midge_properties properties) {
  return properties.count != 0 ? midge_properties_size(properties) : 0;
}

midge_status midge_client_publish(midge_client *client,
                                  const midge_publish *publish,
                                  uint64_t token) {
  midge_status status =
      midge_publish_check(publish, client->version, client->text);
  if (status == MIDGE_OK && publish->qos != MIDGE_AT_MOST_ONCE)
    status = (midge_status)atomic_load_explicit(&client->store_fault,
                                                memory_order_relaxed);
  if (status != MIDGE_OK) return status;
  midge_wish wish = {
      .type = MIDGE_WISH_PUBLISH, .token = token, .publish = *publish};
  wish.publish.label = token & ~MIDGE_TOKEN_PATIENT;
  return enqueue(client, &wish,
                 publish->topic.size + publish->payload.size +
                     size_of(publish->properties));
}

midge_status midge_client_publish_bundle(midge_client *client,
                                         const midge_bundle *bundle,
                                         uint64_t token) {
  size_t bytes;
  midge_status status = midge_bundle_measure(bundle, client->text, &bytes);
  if (status != MIDGE_OK) return status;
  midge_wish wish = {
      .type = MIDGE_WISH_PUBLISH_BUNDLE, .token = token, .bundle = *bundle};
  wish.bundle.label = token & ~MIDGE_TOKEN_PATIENT;
  return enqueue_many(client, &wish, bundle->count, bytes);
}

static size_t left(size_t used, size_t most) {
  return used < most ? most - used : 0;
}

midge_room midge_client_room(midge_client *client) {
  if (!is_asked(client)) return (midge_room){0, 0};
  return (midge_room){
      .messages = left(atomic_load(&client->queue_messages),
                       client->queue_messages_max),
      .bytes = left(atomic_load(&client->queue_bytes), client->queue_bytes_max),
  };
}

midge_status midge_client_subscribe(midge_client *client,
                                    const midge_subscription *subscriptions,
                                    size_t count, midge_request_options options,
                                    uint64_t token) {
  midge_status status = midge_subscribe_check(
      subscriptions, count, options.properties, client->version, client->text);
  if (status != MIDGE_OK) return status;
  midge_wish wish = {.type = MIDGE_WISH_SUBSCRIBE, .token = token};
  wish.subscribe.list = subscriptions;
  wish.subscribe.count = count;
  wish.subscribe.options = options;
  size_t cost = size_of(options.properties);
  for (size_t i = 0; i < count; i++) cost += subscriptions[i].filter.size;
  return enqueue(client, &wish, cost);
}

midge_status midge_client_unsubscribe(midge_client *client,
                                      const midge_slice *filters, size_t count,
                                      midge_request_options options,
                                      uint64_t token) {
  midge_status status = midge_unsubscribe_check(
      filters, count, options.properties, client->version, client->text);
  if (status != MIDGE_OK) return status;
  midge_wish wish = {.type = MIDGE_WISH_UNSUBSCRIBE, .token = token};
  wish.unsubscribe.list = filters;
  wish.unsubscribe.count = count;
  wish.unsubscribe.options = options;
  size_t cost = size_of(options.properties);
  for (size_t i = 0; i < count; i++) cost += filters[i].size;
  return enqueue(client, &wish, cost);
}

midge_status midge_client_cancel(midge_client *client, uint64_t token) {
  if (token == 0) return MIDGE_EINVAL;
  midge_wish cancel = {
      .client = client, .type = MIDGE_WISH_CANCEL, .token = token};
  return midge_reactor_wish(client->reactor, &cancel);
}

/* --- Other wishes of the session --- */

midge_status midge_client_acknowledge(midge_client *client, uint16_t packet_id,
                                      midge_reason reason, midge_qos qos,
                                      uint32_t attempt) {
  bool is_said = reason != MIDGE_REASON_WITHHELD;
  if (packet_id == 0 ||
      (is_said && !midge_reason_is_for((uint8_t)reason, MIDGE_PUBREC)))
    return MIDGE_EINVAL;
  if (!was_asked(client)) return MIDGE_ENOCONN;
  midge_wish acknowledge = {.client = client, .type = MIDGE_WISH_ACKNOWLEDGE};
  acknowledge.acknowledge.packet_id = packet_id;
  acknowledge.acknowledge.reason = reason;
  acknowledge.acknowledge.qos = qos;
  acknowledge.acknowledge.attempt = attempt;
  return midge_reactor_wish(client->reactor, &acknowledge);
}

midge_status midge_client_acknowledge_list(midge_client *client,
                                           const midge_answer *answers,
                                           size_t count, uint32_t attempt) {
  for (size_t i = 0; i < count; i++)
    if (answers[i].packet_id == 0 ||
        !midge_reason_is_for(answers[i].reason, MIDGE_PUBREC))
      return MIDGE_EINVAL;
  if (!was_asked(client)) return MIDGE_ENOCONN;
  midge_wish answer = {.client = client, .type = MIDGE_WISH_ANSWER};
  answer.answer.list = answers;
  answer.answer.count = count;
  answer.answer.attempt = attempt;
  return midge_reactor_wish(client->reactor, &answer);
}

midge_status midge_client_acknowledge_delivery(midge_client *client,
                                               uint64_t delivery) {
  if (delivery == 0) return MIDGE_EINVAL;
  if (!was_asked(client)) return MIDGE_ENOCONN;
  midge_wish done = {
      .client = client, .type = MIDGE_WISH_DELIVERY, .token = delivery};
  return midge_reactor_wish(client->reactor, &done);
}

midge_status midge_client_authenticate(midge_client *client,
                                       midge_reason reason,
                                       midge_properties properties) {
  if (client->version != MIDGE_MQTT_5 ||
      (reason != MIDGE_REASON_CONTINUE_AUTHENTICATION &&
       reason != MIDGE_REASON_REAUTHENTICATE))
    return MIDGE_EINVAL;
  midge_status status = midge_properties_check(properties, MIDGE_AUTH);
  if (status != MIDGE_OK) return status;
  if (!is_asked(client)) return MIDGE_ENOCONN;
  midge_wish authenticate = {.client = client, .type = MIDGE_WISH_AUTHENTICATE};
  authenticate.authenticate.reason = reason;
  authenticate.authenticate.properties = properties;
  return midge_reactor_wish(client->reactor, &authenticate);
}

midge_status midge_client_set_will(midge_client *client,
                                   const midge_publish *will) {
  midge_wish set_will = {.client = client, .type = MIDGE_WISH_SET_WILL};
  if (will != NULL) {
    midge_status status = midge_will_check(will, client->version, client->text);
    if (status != MIDGE_OK) return status;
    set_will.will.given = true;
    set_will.will.publish = *will;
  }
  return midge_reactor_wish(client->reactor, &set_will);
}

void midge_client_stats(const midge_client *client, midge_stats *stats) {
  *stats = (midge_stats){
      .queue_messages = atomic_load(&client->queue_messages),
      .queue_bytes = atomic_load(&client->queue_bytes),
  };
  midge_tally_read(&client->tally, stats);
}
