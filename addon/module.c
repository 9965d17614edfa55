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

static napi_value claim(napi_env env, napi_callback_info info);

static napi_value export_all(midge_environment *environment,
                             napi_value exports) {
  midge_export(environment, exports, "claim", claim);
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

static napi_value out_of_memory(napi_env env) {
  napi_throw_error(env, "MIDGE_ENOMEM", "out of memory");
  return NULL;
}

/* claim(): these exports for the first copy of lib/ that asks. Test runners
 * load lib/ again and again, each time with its own globals, but an addon only
 * once: each further copy gets an environment, and exports, of its own. */
static napi_value claim(napi_env env, napi_callback_info info) {
  napi_value exports = NULL;
  size_t count = 0;
  midge_environment *environment = NULL;
  napi_get_cb_info(env, info, &count, NULL, &exports, (void **)&environment);
  if (!environment->claimed) {
    environment->claimed = true;
    return exports;
  }
  midge_environment *other = midge_environment_another(environment);
  if (other == NULL) return out_of_memory(env);
  other->claimed = true;
  napi_create_object(env, &exports);
  return export_all(other, exports);
}

NAPI_MODULE_INIT() {
  midge_environment *environment = midge_environment_new(env);
  if (environment == NULL) return out_of_memory(env);
  return export_all(environment, exports);
}
