/* The birth of a client, on the caller's thread. */
#include "reactor/member.h"

enum {
  QUEUE_MESSAGES_MAX = 1000000,
  QUEUE_BYTES_MAX = 256 * 1024 * 1024,
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
  return client;
}

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
  status = midge_reactor_wish(
      reactor, &(midge_wish){.client = client, .type = MIDGE_WISH_OPEN});
  if (status == MIDGE_OK) {
    *opened = client;
    return MIDGE_OK;
  }
  midge_link_free(client->link);
ExitGauge:
  midge_gauge_free(client->gauge);
Exit:
  midge_free(&reactor->allocator, client, sizeof *client);
  return status;
}
