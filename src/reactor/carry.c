/* What a program tells of a transport that it carries: checked here, on its
 * own thread, and put into the mailbox. */
#include "base/slice.h"
#include "reactor/member.h"

static midge_status tell(midge_client *client, const midge_wish *fact) {
  return midge_reactor_wish(client->reactor, fact);
}

static midge_wish fact_of(midge_client *client, midge_wish_type type,
                          uint32_t attempt) {
  midge_wish fact = {.client = client, .type = type};
  fact.told.attempt = attempt;
  fact.told.bytes = fact.told.code = MIDGE_NO_SLICE;
  return fact;
}

midge_status midge_client_dialed(midge_client *client, uint32_t attempt) {
  midge_wish fact = fact_of(client, MIDGE_WISH_DIALED, attempt);
  return tell(client, &fact);
}

midge_status midge_client_received(midge_client *client, uint32_t attempt,
                                   midge_slice bytes) {
  midge_wish fact = fact_of(client, MIDGE_WISH_RECEIVED, attempt);
  if (bytes.size == 0 || client->carrier == NULL) return MIDGE_OK;
  fact.told.bytes = bytes;
  atomic_fetch_add(&client->carrier->coming, bytes.size);
  midge_status status = tell(client, &fact);
  if (status != MIDGE_OK)
    atomic_fetch_sub(&client->carrier->coming, bytes.size);
  return status;
}

midge_status midge_client_written(midge_client *client, uint32_t attempt,
                                  size_t size) {
  midge_wish fact = fact_of(client, MIDGE_WISH_WRITTEN, attempt);
  fact.told.size = size;
  return tell(client, &fact);
}

midge_status midge_client_ended(midge_client *client, uint32_t attempt) {
  midge_wish fact = fact_of(client, MIDGE_WISH_ENDED, attempt);
  return tell(client, &fact);
}

midge_status midge_client_broken(midge_client *client, uint32_t attempt,
                                 midge_slice code, midge_slice text) {
  midge_wish fact = fact_of(client, MIDGE_WISH_BROKEN, attempt);
  fact.told.code = code;
  fact.told.bytes = text;
  return tell(client, &fact);
}

bool midge_client_reading(midge_client *client) {
  return client->carrier == NULL || midge_carrier_reading(client->carrier);
}
