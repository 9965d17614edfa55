#include "host.h"

#include <dlfcn.h>
#include <string.h>

/* Types of handles, as uv.h numbers them in every version 1. */
#define UV_ASYNC 1
#define UV_IDLE 6
#define UV_POLL 8

#define TEXT_MAX 64

static napi_value get(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  napi_get_named_property(env, object, name, &value);
  return value;
}

static bool has(napi_env env, napi_value object, const char *name) {
  bool is_there = true;
  if (napi_has_named_property(env, object, name, &is_there) != napi_ok)
    return true;
  return is_there;
}

static bool is_object(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  return value != NULL && napi_typeof(env, value, &type) == napi_ok &&
         type == napi_object;
}

static bool is_text(napi_env env, napi_value value, const char *wanted) {
  char text[TEXT_MAX] = "";
  size_t size = 0;
  if (value == NULL || napi_get_value_string_utf8(env, value, text, sizeof text,
                                                  &size) != napi_ok) {
    return false;
  }
  return strcmp(text, wanted) == 0;
}

/* Others say that they are Node too, and what else they are. */
static napi_value find_versions(napi_env env) {
  napi_value global = NULL;
  napi_get_global(env, &global);
  if (has(env, global, "Bun") || has(env, global, "Deno")) return NULL;
  napi_value process = get(env, global, "process");
  if (!is_object(env, process)) return NULL;
  napi_value release = get(env, process, "release");
  napi_value versions = get(env, process, "versions");
  if (!is_object(env, release) || !is_object(env, versions)) return NULL;
  if (has(env, versions, "bun") || has(env, versions, "deno")) return NULL;
  return is_text(env, get(env, release, "name"), "node") ? versions : NULL;
}

/* Another libuv of the process may stand before Node's: then it has another
 * version, or nothing to do with the loop that Node names. */
static bool is_nodes_own(napi_env env, napi_value versions) {
  const char *(*version)(void) = NULL;
  *(void **)&version = dlsym(RTLD_DEFAULT, "uv_version_string");
  return version != NULL && strncmp(version(), "1.", 2) == 0 &&
         is_text(env, get(env, versions, "uv"), version());
}

typedef struct wanted {
  const char *name;
  void **function;
} wanted;

static bool find_all(const wanted *functions, size_t count) {
  for (size_t i = 0; i < count; i++) {
    *functions[i].function = dlsym(RTLD_DEFAULT, functions[i].name);
    if (*functions[i].function == NULL) return false;
  }
  return true;
}

static bool find_functions(midge_host *host) {
  size_t (*size)(int type) = NULL;
  const wanted functions[] = {
      {"uv_handle_size", (void **)&size},
      {"uv_async_init", (void **)&host->async_init},
      {"uv_async_send", (void **)&host->async_send},
      {"uv_poll_init", (void **)&host->poll_init},
      {"uv_poll_start", (void **)&host->poll_start},
      {"uv_idle_init", (void **)&host->idle_init},
      {"uv_idle_start", (void **)&host->idle_start},
      {"uv_idle_stop", (void **)&host->idle_stop},
      {"uv_close", (void **)&host->close},
      {"uv_unref", (void **)&host->unref},
  };
  if (!find_all(functions, sizeof functions / sizeof *functions)) return false;
  host->async_size = size(UV_ASYNC);
  host->poll_size = size(UV_POLL);
  host->idle_size = size(UV_IDLE);
  return host->async_size != (size_t)-1 && host->poll_size != (size_t)-1 &&
         host->idle_size != (size_t)-1;
}

bool midge_host_find(midge_host *host, napi_env env) {
  napi_value versions = find_versions(env);
  if (versions == NULL || !is_nodes_own(env, versions)) return false;
  return find_functions(host) &&
         napi_get_uv_event_loop(env, &host->loop) == napi_ok &&
         host->loop != NULL;
}
