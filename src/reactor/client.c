/* The public functions of a client: checked here, on the caller's thread, and
 * put into the mailbox. */
#include "reactor/client.h"

#include <assert.h>

#include "base/slice.h"
#include "codec/reason.h"

static midge_status wish(midge_client *client, midge_wish_type type) {
  return midge_reactor_wish(client->reactor,
                            &(midge_wish){.client = client, .type = type});
}

/* --- Connections --- */

static bool is_asked(const midge_client *client) {
  return (atomic_load(&client->standing) & 1) != 0;
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
  connect.connect.generation = standing / 2;
  midge_status status = midge_reactor_wish(client->reactor, &connect);
  if (status != MIDGE_OK) set_asked(client, false, &standing);
  return status;
}

static midge_status check_disconnect(const midge_client *client,
                                     midge_reason reason,
                                     midge_properties properties) {
  if (client->version != MIDGE_MQTT_5)
    return reason == 0 && properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
  if (!midge_reason_is_for((uint8_t)reason, MIDGE_DISCONNECT))
    return MIDGE_EINVAL;
  for (size_t i = 0; i < properties.count; i++) {
    const midge_property *property = &properties.list[i];
    if (property->id == MIDGE_SERVER_REFERENCE) return MIDGE_EINVAL;
    if (property->id == MIDGE_SESSION_EXPIRY_INTERVAL &&
        property->number != 0 && client->ends_with_connection)
      return MIDGE_EINVAL; /* MQTT 5, 3.14.2.2.2 */
  }
  return midge_properties_check(properties, MIDGE_DISCONNECT);
}

midge_status midge_client_disconnect(midge_client *client, midge_reason reason,
                                     midge_properties properties) {
  unsigned standing = 0;
  midge_status status = check_disconnect(client, reason, properties);
  if (status != MIDGE_OK) return status;
  if (!set_asked(client, false, &standing)) return MIDGE_ENOCONN;

  midge_wish disconnect = {.client = client, .type = MIDGE_WISH_DISCONNECT};
  disconnect.disconnect.reason = reason;
  disconnect.disconnect.properties = properties;
  status = midge_reactor_wish(client->reactor, &disconnect);
  if (status != MIDGE_OK) atomic_store(&client->standing, standing + 1);
  return status;
}

void midge_client_abort(midge_client *client) {
  unsigned standing = 0;
  midge_wish abort = {.client = client, .type = MIDGE_WISH_ABORT};
  abort.abort.asked = set_asked(client, false, &standing);
  midge_status status = midge_reactor_wish(client->reactor, &abort);
  if (status != MIDGE_OK && abort.abort.asked)
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
  return midge_text_check(attempt->user_name, client->text);
}

midge_status midge_client_proceed(midge_client *client,
                                  const midge_attempt *attempt) {
  midge_wish proceed = {.client = client, .type = MIDGE_WISH_PROCEED};
  if (!is_asked(client)) return MIDGE_ENOCONN;
  if (attempt != NULL) {
    midge_status status = check_attempt(client, attempt);
    if (status != MIDGE_OK) return status;
    proceed.proceed = *attempt;
  }
  return midge_reactor_wish(client->reactor, &proceed);
}

void midge_client_close(midge_client *client) {
  unsigned standing = 0;
  midge_wish close = {.client = client, .type = MIDGE_WISH_CLOSE};
  close.close.asked = set_asked(client, false, &standing);
  midge_reactor_wish_lent(client->reactor, &client->last_parcel, &close);
}

/* --- Wishes of the session --- */

static bool reserve(midge_client *client, size_t cost) {
  size_t messages = atomic_fetch_add(&client->queue_messages, 1);
  size_t bytes = atomic_fetch_add(&client->queue_bytes, cost);
  return messages < client->queue_messages_max &&
         bytes <= client->queue_bytes_max &&
         cost <= client->queue_bytes_max - bytes;
}

static void give_back(midge_client *client, size_t cost) {
  atomic_fetch_sub(&client->queue_messages, 1);
  atomic_fetch_sub(&client->queue_bytes, cost);
}

midge_status midge_client_publish(midge_client *client,
                                  const midge_publish *publish,
                                  uint64_t token) {
  midge_status status =
      midge_publish_check(publish, client->version, client->text);
  if (status != MIDGE_OK) return status;
  if (!is_asked(client)) return MIDGE_ENOCONN;

  size_t cost = publish->topic.size + publish->payload.size;
  if (publish->properties.count != 0)
    cost += midge_properties_size(publish->properties);
  if (cost == 0) cost = 1; /* a topic alias alone */
  status = MIDGE_EQUEUE;
  if (reserve(client, cost))
    status = midge_reactor_wish(client->reactor, &(midge_wish){
                                                     .client = client,
                                                     .type = MIDGE_WISH_PUBLISH,
                                                     .token = token,
                                                     .cost = (uint32_t)cost,
                                                     .publish = *publish,
                                                 });
  if (status != MIDGE_OK) give_back(client, cost);
  return status;
}

midge_status midge_client_subscribe(midge_client *client,
                                    const midge_subscription *subscriptions,
                                    size_t count, midge_properties properties,
                                    uint64_t token) {
  midge_status status = midge_subscribe_check(subscriptions, count, properties,
                                              client->version, client->text);
  if (status != MIDGE_OK) return status;
  if (!is_asked(client)) return MIDGE_ENOCONN;

  midge_wish subscribe = {
      .client = client, .type = MIDGE_WISH_SUBSCRIBE, .token = token};
  subscribe.subscribe.list = subscriptions;
  subscribe.subscribe.count = count;
  subscribe.subscribe.properties = properties;
  return midge_reactor_wish(client->reactor, &subscribe);
}

midge_status midge_client_unsubscribe(midge_client *client,
                                      const midge_slice *filters, size_t count,
                                      midge_properties properties,
                                      uint64_t token) {
  midge_status status = midge_unsubscribe_check(filters, count, properties,
                                                client->version, client->text);
  if (status != MIDGE_OK) return status;
  if (!is_asked(client)) return MIDGE_ENOCONN;

  midge_wish unsubscribe = {
      .client = client, .type = MIDGE_WISH_UNSUBSCRIBE, .token = token};
  unsubscribe.unsubscribe.list = filters;
  unsubscribe.unsubscribe.count = count;
  unsubscribe.unsubscribe.properties = properties;
  return midge_reactor_wish(client->reactor, &unsubscribe);
}

midge_status midge_client_cancel(midge_client *client, uint64_t token) {
  if (token == 0) return MIDGE_EINVAL;
  return midge_reactor_wish(
      client->reactor,
      &(midge_wish){
          .client = client, .type = MIDGE_WISH_CANCEL, .token = token});
}

midge_status midge_client_acknowledge(midge_client *client, uint16_t packet_id,
                                      midge_reason reason) {
  if (packet_id == 0 || !midge_reason_is_for((uint8_t)reason, MIDGE_PUBREC))
    return MIDGE_EINVAL;
  if (!is_asked(client)) return MIDGE_ENOCONN;
  midge_wish acknowledge = {.client = client, .type = MIDGE_WISH_ACKNOWLEDGE};
  acknowledge.acknowledge.packet_id = packet_id;
  acknowledge.acknowledge.reason = reason;
  return midge_reactor_wish(client->reactor, &acknowledge);
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

static midge_status check_will(const midge_client *client,
                               const midge_publish *will) {
  midge_publish bare = *will;
  bare.properties.count = 0;
  midge_status status =
      midge_publish_check(&bare, client->version, client->text);
  if (status != MIDGE_OK) return status;
  if (will->payload.size > UINT16_MAX) return MIDGE_EPAYLOAD;
  if (client->version != MIDGE_MQTT_5)
    return will->properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
  return midge_properties_check(will->properties, MIDGE_WILL);
}

midge_status midge_client_set_will(midge_client *client,
                                   const midge_publish *will) {
  midge_wish set_will = {.client = client, .type = MIDGE_WISH_SET_WILL};
  if (will != NULL) {
    midge_status status = check_will(client, will);
    if (status != MIDGE_OK) return status;
    set_will.will.given = true;
    set_will.will.publish = *will;
  }
  return midge_reactor_wish(client->reactor, &set_will);
}
