/* Functions for JavaScript: each carries its environment with it. */
#ifndef MIDGE_ADDON_EXPORTS_H
#define MIDGE_ADDON_EXPORTS_H

#include <node_api.h>

#include "midge/types.h"

struct midge_environment;

void midge_export(struct midge_environment *environment, napi_value exports,
                  const char *name, napi_callback function);

/* The environment of a function called without arguments. */
struct midge_environment *midge_export_environment(napi_env env,
                                                   napi_callback_info info);

static inline napi_value midge_export_status(napi_env env,
                                             midge_status status) {
  napi_value value = NULL;
  napi_create_int32(env, status, &value);
  return value;
}

#endif
