#include "security.h"

#include "exports.h"
#include "options.h"

#define TEXT_SIZE 256

/* checkTls(tls): [status, text for people] */
static napi_value check_tls(napi_env env, napi_callback_info info) {
  midge_scratch scratch = {.env = env, .secret = true};
  midge_tls_options tls = {0};
  napi_value object = NULL, result = NULL, text = NULL;
  char words[TEXT_SIZE] = "";
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &object, NULL, NULL);
  midge_options_read_tls(&scratch, object, &tls);
  midge_status status = scratch.failed
                            ? MIDGE_ENOMEM
                            : midge_tls_check(&tls, words, sizeof words);
  midge_scratch_free(&scratch);
  napi_create_array_with_length(env, 2, &result);
  napi_set_element(env, result, 0, midge_export_status(env, status));
  napi_create_string_utf8(env, words, NAPI_AUTO_LENGTH, &text);
  napi_set_element(env, result, 1, text);
  return result;
}

static napi_value has_system_trust(napi_env env, napi_callback_info info) {
  napi_value result = NULL;
  (void)info;
  napi_get_boolean(env, midge_tls_has_system_trust(), &result);
  return result;
}

/* trust(pem): a status */
static napi_value trust(napi_env env, napi_callback_info info) {
  midge_scratch scratch = {.env = env};
  napi_value argument = NULL;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  midge_slice pem = midge_scratch_bytes(&scratch, argument);
  midge_status status = scratch.failed ? MIDGE_ENOMEM : midge_tls_trust(pem);
  midge_scratch_free(&scratch);
  return midge_export_status(env, status);
}

void midge_security_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "hasSystemTrust", has_system_trust);
  midge_export(environment, exports, "trust", trust);
  midge_export(environment, exports, "checkTls", check_tls);
}
