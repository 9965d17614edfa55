/* The addon: what lib/ builds the class on. lib/ has checked types and order
 * of calls; here is only the way across the border. */
#include "client.h"
#include "command.h"
#include "exports.h"
#include "flush.h"
#include "publish.h"
#include "routes.h"
#include "security.h"
#include "stats.h"
#include "tables.h"
#include "take.h"
#include "transport.h"
#include "wait.h"

void midge_export(midge_environment *environment, napi_value exports,
                  const char *name, napi_callback function) {
  napi_value value = NULL;
  napi_create_function(environment->env, name, NAPI_AUTO_LENGTH, function,
                       environment, &value);
  napi_set_named_property(environment->env, exports, name, value);
}

midge_environment *midge_export_environment(napi_env env,
                                            napi_callback_info info) {
  void *environment = NULL;
  size_t count = 0;
  napi_get_cb_info(env, info, &count, NULL, NULL, &environment);
  return environment;
}

NAPI_MODULE_INIT() {
  midge_environment *environment = midge_environment_new(env);
  if (environment == NULL) {
    napi_throw_error(env, "MIDGE_ENOMEM", "out of memory");
    return NULL;
  }
  midge_environment_export(environment, exports);
  midge_take_export(environment, exports);
  midge_command_export(environment, exports);
  midge_client_export(environment, exports);
  midge_flush_export(environment, exports);
  midge_transport_export(environment, exports);
  midge_publish_export(environment, exports);
  midge_routes_export(environment, exports);
  midge_security_export(environment, exports);
  midge_stats_export(environment, exports);
  midge_wait_export(environment, exports);
  midge_tables_export(environment, exports);
  return exports;
}
