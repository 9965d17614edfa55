#include "filter/tls_bio.h"

#include "base/slice.h"

static int read_feed(BIO *bio, char *to, int room) {
  midge_tls_wire *wire = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (room <= 0) return 0;
  size_t size = wire->feed.size;
  if (size > (size_t)room) size = (size_t)room;
  if (size == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  midge_slice_copy((uint8_t *)to, midge_slice_of(wire->feed.data, size));
  wire->feed = midge_slice_skip(wire->feed, size);
  return (int)size;
}

/* A full queue makes OpenSSL wait, whatever it had to say: nothing that the
 * other side sends can make the queue grow past its limit. */
static int write_out(BIO *bio, const char *from, int given) {
  midge_tls_wire *wire = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (given <= 0) return 0;
  size_t size = (size_t)given;
  size_t left = midge_pipe_left(wire->out);
  if (size > left) size = left;
  if (size == 0) {
    BIO_set_retry_write(bio);
    return -1;
  }
  if (!midge_pipe_append(wire->out, midge_slice_of(from, size))) return -1;
  return (int)size;
}

static long control(BIO *bio, int command, long number, void *pointer) {
  (void)bio;
  (void)number;
  (void)pointer;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD *midge_tls_bio_new(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "midge");
  if (method == NULL) return NULL;
  if (BIO_meth_set_read(method, read_feed) != 1 ||
      BIO_meth_set_write(method, write_out) != 1 ||
      BIO_meth_set_ctrl(method, control) != 1) {
    BIO_meth_free(method);
    return NULL;
  }
  return method;
}

BIO *midge_tls_bio_on(BIO_METHOD *method, midge_tls_wire *wire) {
  BIO *bio = BIO_new(method);
  if (bio == NULL) return NULL;
  BIO_set_data(bio, wire);
  BIO_set_init(bio, 1);
  return bio;
}
