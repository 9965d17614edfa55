/* libuv as Node has it, for what Node-API cannot do as cheaply. Only the real
 * Node is asked: Bun shows functions of these names that end the process, Deno
 * none. Nothing of it is linked: the addon's own libuv is another one. */
#ifndef MIDGE_ADDON_HOST_H
#define MIDGE_ADDON_HOST_H

#include <node_api.h>

typedef void (*midge_host_callback)(void *handle);
typedef void (*midge_host_polled)(void *poll, int status, int events);

typedef struct midge_host {
  struct uv_loop_s *loop; /* JavaScript's */
  size_t async_size;      /* of a uv_async_t */
  int (*async_init)(void *loop, void *async, midge_host_callback called);
  int (*async_send)(void *async); /* from any thread */
  size_t poll_size;               /* of a uv_poll_t */
  int (*poll_init)(void *loop, void *poll, int descriptor);
  int (*poll_start)(void *poll, int events, midge_host_polled called);
  size_t idle_size; /* of a uv_idle_t */
  int (*idle_init)(void *loop, void *idle);
  int (*idle_start)(void *idle, midge_host_callback called);
  int (*idle_stop)(void *idle);
  void (*close)(void *handle, midge_host_callback closed);
  void (*unref)(void *handle);
} midge_host;

/* False, where there is none or it may not be what it seems. */
bool midge_host_find(midge_host *host, napi_env env);

#endif
