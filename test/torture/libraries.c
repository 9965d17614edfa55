/* Functions of libraries that midge calls, linked with --wrap: what they say
 * for reasons of their own, beside what is refused below them. */
#include <errno.h>
#include <lmdb.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <uv.h>

#include "strike.h"

#define CALL(result, name, refusal, parameters, arguments)    \
  result __real_##name parameters;                            \
  result __wrap_##name parameters;                            \
  result __wrap_##name parameters {                           \
    return strike(#name) ? refusal : __real_##name arguments; \
  }

/* --- LMDB: on a disk that fails it says what the disk says, and so of any
 * call, as what is not in memory has to be read first --- */

enum { READS = 1 << STRIKE_EIO, WRITES = 1 << STRIKE_EIO | 1 << STRIKE_FULL };

#define LMDB_CALL(name, refusal, kinds, parameters, arguments) \
  int __real_##name parameters;                                \
  int __wrap_##name parameters;                                \
  int __wrap_##name parameters {                               \
    int struck = strike_file(#name, refusal, kinds);           \
    return struck != 0 ? struck : __real_##name arguments;     \
  }

LMDB_CALL(mdb_env_create, MDB_PANIC, 0, (MDB_env * *env), (env))
LMDB_CALL(mdb_env_set_maxdbs, MDB_PANIC, 0, (MDB_env * env, MDB_dbi count),
          (env, count))
LMDB_CALL(mdb_env_set_mapsize, MDB_PANIC, 0, (MDB_env * env, size_t size),
          (env, size))
LMDB_CALL(mdb_env_set_flags, MDB_PANIC, 0,
          (MDB_env * env, unsigned flags, int on), (env, flags, on))
LMDB_CALL(mdb_env_open, MDB_PANIC, READS,
          (MDB_env * env, const char *path, unsigned flags, mdb_mode_t mode),
          (env, path, flags, mode))
LMDB_CALL(mdb_env_sync, MDB_PANIC, WRITES, (MDB_env * env, int force),
          (env, force))
LMDB_CALL(mdb_txn_begin, MDB_PANIC, READS,
          (MDB_env * env, MDB_txn *parent, unsigned flags, MDB_txn **txn),
          (env, parent, flags, txn))
LMDB_CALL(mdb_dbi_open, MDB_PANIC, READS,
          (MDB_txn * txn, const char *name, unsigned flags, MDB_dbi *dbi),
          (txn, name, flags, dbi))
LMDB_CALL(mdb_get, MDB_CORRUPTED, READS,
          (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data),
          (txn, dbi, key, data))
LMDB_CALL(mdb_put, MDB_MAP_FULL, WRITES,
          (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data,
           unsigned flags),
          (txn, dbi, key, data, flags))
LMDB_CALL(mdb_del, MDB_CORRUPTED, WRITES,
          (MDB_txn * txn, MDB_dbi dbi, MDB_val *key, MDB_val *data),
          (txn, dbi, key, data))
LMDB_CALL(mdb_cursor_open, MDB_PANIC, READS,
          (MDB_txn * txn, MDB_dbi dbi, MDB_cursor **cursor), (txn, dbi, cursor))
LMDB_CALL(mdb_cursor_get, MDB_CORRUPTED, READS,
          (MDB_cursor * cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op),
          (cursor, key, data, op))

/* A commit that fails has ended its transaction, one way or the other. */
int __real_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn);
int __wrap_mdb_txn_commit(MDB_txn *txn) {
  int struck =
      strike_file("mdb_txn_commit", MDB_CORRUPTED, WRITES | 1 << STRIKE_DONE);
  if (struck == 0 || struck == STRUCK_DONE) {
    int error = __real_mdb_txn_commit(txn);
    return struck == 0 || error != 0 ? error : EIO;
  }
  mdb_txn_abort(txn);
  return struck;
}

/* --- libuv --- */

CALL(int, uv_loop_init, UV_EMFILE, (uv_loop_t * loop), (loop))
CALL(int, uv_poll_init, UV_ENOMEM,
     (uv_loop_t * loop, uv_poll_t *poll, int file), (loop, poll, file))
CALL(int, uv_mutex_init, UV_ENOMEM, (uv_mutex_t * mutex), (mutex))
CALL(int, uv_cond_init, UV_ENOMEM, (uv_cond_t * condition), (condition))
CALL(int, uv_sem_init, UV_ENOMEM, (uv_sem_t * semaphore, unsigned value),
     (semaphore, value))
CALL(int, uv_thread_create, UV_EAGAIN,
     (uv_thread_t * thread, uv_thread_cb run, void *context),
     (thread, run, context))
CALL(int, uv_tcp_connect, UV_ENETUNREACH,
     (uv_connect_t * request, uv_tcp_t *tcp, const struct sockaddr *to,
      uv_connect_cb told),
     (request, tcp, to, told))
CALL(int, uv_tcp_nodelay, UV_EINVAL, (uv_tcp_t * tcp, int on), (tcp, on))
CALL(int, uv_tcp_keepalive, UV_EINVAL, (uv_tcp_t * tcp, int on, unsigned s),
     (tcp, on, s))
CALL(int, uv_getaddrinfo, UV_ENOMEM,
     (uv_loop_t * loop, uv_getaddrinfo_t *request, uv_getaddrinfo_cb told,
      const char *host, const char *service, const struct addrinfo *hints),
     (loop, request, told, host, service, hints))
CALL(int, uv_try_write, UV_EPIPE,
     (uv_stream_t * stream, const uv_buf_t buffers[], unsigned count),
     (stream, buffers, count))
CALL(int, uv_write, UV_EPIPE,
     (uv_write_t * request, uv_stream_t *stream, const uv_buf_t buffers[],
      unsigned count, uv_write_cb told),
     (request, stream, buffers, count, told))
CALL(int, uv_shutdown, UV_ENOTCONN,
     (uv_shutdown_t * request, uv_stream_t *stream, uv_shutdown_cb told),
     (request, stream, told))
CALL(int, uv_random, UV_EIO,
     (uv_loop_t * loop, uv_random_t *request, void *to, size_t size,
      unsigned flags, uv_random_cb told),
     (loop, request, to, size, flags, told))

/* --- OpenSSL --- */

static int broken(void) {
  ERR_raise(ERR_LIB_SSL, ERR_R_INTERNAL_ERROR);
  return -1;
}

CALL(SSL_CTX *, SSL_CTX_new, NULL, (const SSL_METHOD *method), (method))
CALL(SSL *, SSL_new, NULL, (SSL_CTX * context), (context))
CALL(BIO *, BIO_new, NULL, (const BIO_METHOD *method), (method))
CALL(BIO_METHOD *, BIO_meth_new, NULL, (int type, const char *name),
     (type, name))
CALL(X509_STORE *, X509_STORE_new, NULL, (void), ())
CALL(int, SSL_do_handshake, broken(), (SSL * ssl), (ssl))
CALL(int, SSL_read, broken(), (SSL * ssl, void *to, int size), (ssl, to, size))
CALL(int, SSL_write, broken(), (SSL * ssl, const void *from, int size),
     (ssl, from, size))
CALL(int, SSL_shutdown, broken(), (SSL * ssl), (ssl))
CALL(int, RAND_bytes, 0, (unsigned char *to, int size), (to, size))
