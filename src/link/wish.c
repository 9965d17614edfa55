#include "link/wish.h"

#include <assert.h>

#include "base/buffer.h"
#include "base/slice.h"

enum { ALIGNMENT = _Alignof(max_align_t) };

/* Measuring and copying are one walk, so that they cannot disagree: with a
 * null `to` only the size grows. */
typedef struct writer {
  uint8_t *to;
  size_t size;
} writer;

static size_t round_up(size_t size) {
  return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void put_slice(writer *w, midge_slice *slice) {
  if (w->to != NULL && slice->data != NULL) {
    uint8_t *copy = w->to + w->size;
    midge_slice_copy(copy, *slice);
    slice->data = copy;
  }
  w->size += slice->size;
}

/* A copy of an array, to be fixed up by the caller; the array itself while
 * measuring. */
static void *put_array(writer *w, const void *array, size_t size) {
  w->size = round_up(w->size);
  void *copy = w->to != NULL ? w->to + w->size : NULL;
  if (copy != NULL && size != 0) memcpy(copy, array, size);
  w->size += size;
  return copy;
}

static void put_slices(writer *w, const midge_slice **list, size_t count) {
  midge_slice *copy = put_array(w, *list, count * sizeof *copy);
  for (size_t i = 0; i < count; i++) {
    midge_slice slice = (*list)[i];
    put_slice(w, copy != NULL ? &copy[i] : &slice);
  }
  if (copy != NULL) *list = copy;
}

static void put_properties(writer *w, midge_properties *properties) {
  if (properties->count == 0) return;
  midge_property *copy =
      put_array(w, properties->list, properties->count * sizeof *copy);
  for (size_t i = 0; i < properties->count; i++) {
    midge_property property = properties->list[i];
    put_slice(w, copy != NULL ? &copy[i].value : &property.value);
    put_slice(w, copy != NULL ? &copy[i].name : &property.name);
  }
  if (copy != NULL) properties->list = copy;
}

static void put_publish(writer *w, midge_publish *publish) {
  put_properties(w, &publish->properties);
  put_slice(w, &publish->topic);
  put_slice(w, &publish->payload);
}

static void put_subscriptions(writer *w, midge_wish *wish) {
  size_t count = wish->subscribe.count;
  midge_subscription *copy =
      put_array(w, wish->subscribe.list, count * sizeof *copy);
  for (size_t i = 0; i < count; i++) {
    midge_slice filter = wish->subscribe.list[i].filter;
    put_slice(w, copy != NULL ? &copy[i].filter : &filter);
  }
  if (copy != NULL) wish->subscribe.list = copy;
  put_properties(w, &wish->subscribe.options.properties);
}

static void put_answers(writer *w, midge_wish *wish) {
  const midge_answer *list = wish->answer.list;
  midge_answer *copy = put_array(w, list, wish->answer.count * sizeof *copy);
  if (copy != NULL) wish->answer.list = copy;
}

static void put_identity(writer *w, const midge_identity **identity) {
  midge_slice client_id = (*identity)->client_id;
  midge_identity *copy = put_array(w, *identity, sizeof *copy);
  put_slice(w, copy != NULL ? &copy->client_id : &client_id);
  if (copy != NULL) *identity = copy;
}

static void put_tls(writer *w, const midge_tls_options **tls) {
  midge_tls_options measured = **tls;
  midge_tls_options *copy = put_array(w, *tls, sizeof *copy);
  midge_tls_options *to = copy != NULL ? copy : &measured;
  midge_slice *const texts[] = {
      &to->ca_file,      &to->ca_path,
      &to->ca,           &to->certificate_file,
      &to->key_file,     &to->certificate,
      &to->key,          &to->pkcs12,
      &to->passphrase,   &to->crl,
      &to->psk_identity, &to->psk,
      &to->ciphers,      &to->server_name,
      &to->verify_name,  &to->key_log_file,
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    put_slice(w, texts[i]);
  put_slices(w, &to->alpn, to->alpn_count);
  if (copy != NULL) *tls = copy;
}

static void put_attempt(writer *w, midge_attempt *attempt) {
  /* Null stays null: as before, and not none. */
  if (attempt->headers != NULL)
    put_slices(w, &attempt->headers, attempt->header_count);
  put_slice(w, &attempt->url);
  put_slice(w, &attempt->user_name);
  put_slice(w, &attempt->password);
  if (attempt->identity != NULL) put_identity(w, &attempt->identity);
  if (attempt->tls != NULL) put_tls(w, &attempt->tls);
}

/* What `wish` points at; while copying, `wish` is the copy. */
static void put_rest(writer *w, midge_wish *wish) {
  switch (wish->type) {
    case MIDGE_WISH_PUBLISH:
      if (wish->draft == NULL) put_publish(w, &wish->publish);
      break;
    case MIDGE_WISH_PUBLISH_BUNDLE:
      put_slice(w, &wish->bundle.records);
      break;
    case MIDGE_WISH_SUBSCRIBE:
      put_subscriptions(w, wish);
      break;
    case MIDGE_WISH_UNSUBSCRIBE:
      put_slices(w, &wish->unsubscribe.list, wish->unsubscribe.count);
      put_properties(w, &wish->unsubscribe.options.properties);
      break;
    case MIDGE_WISH_ANSWER:
      put_answers(w, wish);
      break;
    case MIDGE_WISH_AUTHENTICATE:
    case MIDGE_WISH_DISCONNECT:
      put_properties(w, &wish->disconnect.properties);
      break;
    case MIDGE_WISH_SET_WILL:
      put_publish(w, &wish->will.publish);
      break;
    case MIDGE_WISH_PROCEED:
      put_attempt(w, &wish->proceed.attempt);
      break;
    case MIDGE_WISH_RECEIVED:
    case MIDGE_WISH_BROKEN:
      put_slice(w, &wish->told.bytes);
      put_slice(w, &wish->told.code);
      break;
    default: /* points at nothing */
      break;
  }
}

size_t midge_wish_size(const midge_wish *wish) {
  writer w = {NULL, sizeof *wish};
  midge_wish measured = *wish;
  put_rest(&w, &measured);
  return round_up(w.size);
}

void midge_wish_copy(midge_wish *to, const midge_wish *wish) {
  *to = *wish;
  midge_buffer_hold(to->draft);
  writer w = {(uint8_t *)to, sizeof *wish};
  put_rest(&w, to);
  to->size = round_up(w.size);
}

void midge_wish_release(const midge_wish *copy) {
  midge_buffer_release(copy->draft);
}

size_t midge_wish_held(const midge_wish *wish) {
  return wish->draft != NULL ? wish->draft->size : 0;
}
