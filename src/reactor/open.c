/* The birth of a client, on the caller's thread. */
#include <string.h>

#include "reactor/member.h"

enum {
  QUEUE_MESSAGES_MAX = 1000000,
  QUEUE_MEMORY_MAX = 64 * 1024 * 1024,
  QUEUE_BYTES_MAX = 256 * 1024 * 1024,
  MESSAGE_BYTES = 256, /* of a message in a store, beside its own */
  STORE_BYTES_LEAST = 64 * 1024 * 1024,
};

static size_t or_default(size_t given, size_t otherwise) {
  return given != 0 ? given : otherwise;
}

static midge_client *new_client(midge_reactor *reactor,
                                const midge_client_options *options) {
  const midge_session_options *session = &options->session;
  midge_client *client =
      midge_allocate_zero(&reactor->allocator, sizeof *client);
  if (client == NULL) return NULL;
  client->reactor = reactor;
  midge_tally_init(&client->tally, &reactor->patient);
  client->last_parcel.data = (uint8_t *)&client->last_wish;
  client->version = session->version;
  client->text = session->text;
  client->ends_with_connection = session->session_expiry_s == 0;
  client->queue_messages_max =
      or_default(session->queue_messages_max, QUEUE_MESSAGES_MAX);
  client->queue_bytes_max =
      or_default(session->queue_bytes_max, QUEUE_BYTES_MAX);
  atomic_init(&client->queue_messages, 0);
  atomic_init(&client->queue_bytes, 0);
  atomic_init(&client->standing, 0);
  atomic_init(&client->store_fault, MIDGE_OK);
  return client;
}

static bool add_carrier(midge_client *client, void *context) {
  midge_reactor *reactor = client->reactor;
  midge_carrier *carrier =
      midge_allocate_zero(&reactor->allocator, sizeof *carrier);
  if (carrier == NULL) return false;
  carrier->reactor = reactor;
  carrier->link = client->link;
  carrier->gauge = client->gauge;
  carrier->tally = &client->tally;
  carrier->context = context;
  atomic_init(&carrier->is_reading, true);
  atomic_init(&carrier->is_awaited, false);
  atomic_init(&carrier->coming, 0);
  client->carrier = carrier;
  return true;
}

/* --- The store --- */

/* Twice what may wait, as pages are half empty, and as much again while they
 * are rewritten. */
static size_t store_bytes(const midge_client *client) {
  size_t bytes = client->queue_bytes_max, messages = client->queue_messages_max;
  if (bytes > SIZE_MAX / 16 || messages > SIZE_MAX / 16 / MESSAGE_BYTES)
    return SIZE_MAX / 2;
  return 4 * (bytes + messages * MESSAGE_BYTES) + STORE_BYTES_LEAST;
}

static void explain(char *text, size_t text_size, midge_status status,
                    const char *why) {
  if (text == NULL || text_size == 0) return;
  if (why[0] == '\0') why = midge_status_text(status);
  size_t size = strlen(why);
  if (size >= text_size) size = text_size - 1;
  memcpy(text, why, size);
  text[size] = '\0';
}

static void ring(void *context) {
  midge_reactor_ring(context);
}

static midge_status open_store(midge_client *client,
                               const midge_client_options *options,
                               midge_explanation *why) {
  midge_store *store = NULL;
  size_t memory =
      or_default(options->session.queue_memory_max, QUEUE_MEMORY_MAX);
  const midge_store_options of_store = {
      .path = options->store.path,
      .disk = options->store.disk,
      .forced = options->store.force,
      .bytes_max = options->store.bytes_max != 0
                       ? (size_t)options->store.bytes_max
                       : store_bytes(client),
  };
  midge_status status = midge_store_open(&store, &of_store, why);
  if (status != MIDGE_OK) return status;
  status = midge_store_last_label(store, &client->last_stored, why);
  if (status == MIDGE_OK)
    client->keeper = midge_keeper_start(store, memory, ring, client->reactor);
  if (client->keeper != NULL) return MIDGE_OK;
  midge_store_close(store);
  return status != MIDGE_OK ? status : MIDGE_ENOMEM;
}

/* --- The whole --- */

midge_status midge_client_open(midge_client **opened, midge_reactor *reactor,
                               const midge_client_options *options, char *text,
                               size_t text_size) {
  midge_client *client = new_client(reactor, options);
  midge_status status = MIDGE_ENOMEM;
  if (text != NULL && text_size != 0) text[0] = '\0';
  if (client == NULL) return status;
  client->gauge =
      midge_gauge_new(&reactor->allocator, options->event_bytes_max);
  if (client->gauge == NULL) goto Exit;
  status = midge_link_new(&client->link, options, &reactor->allocator,
                          midge_reactor_random(reactor), text, text_size);
  if (status != MIDGE_OK) goto ExitGauge;
  midge_link_rely(client->link, &reactor->patient);
  if (options->transport_by_hand &&
      !add_carrier(client, options->session.context)) {
    status = MIDGE_ENOMEM;
    goto ExitLink;
  }
  if (options->store.path.size != 0) {
    midge_explanation why = {0};
    status = open_store(client, options, &why);
    if (status != MIDGE_OK) explain(text, text_size, status, why.text);
    if (status != MIDGE_OK) goto ExitLink;
  }
  status = midge_reactor_wish(
      reactor, &(midge_wish){.client = client, .type = MIDGE_WISH_OPEN});
  if (status == MIDGE_OK) {
    *opened = client;
    return MIDGE_OK;
  }
  if (client->keeper != NULL) midge_keeper_stop(client->keeper);
ExitLink:
  midge_free(&reactor->allocator, client->carrier, sizeof *client->carrier);
  midge_link_free(client->link);
ExitGauge:
  midge_gauge_free(client->gauge);
Exit:
  midge_free(&reactor->allocator, client, sizeof *client);
  return status;
}
