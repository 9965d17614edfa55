#include "tables.h"

#include "exports.h"
#include "options.h"

static napi_value text(napi_env env, const char *characters) {
  napi_value value = NULL;
  napi_create_string_utf8(env, characters, NAPI_AUTO_LENGTH, &value);
  return value;
}

static napi_value number(napi_env env, double value) {
  napi_value result = NULL;
  napi_create_double(env, value, &result);
  return result;
}

static void add_row(napi_env env, napi_value table, const napi_value *cells,
                    uint32_t count) {
  napi_value row = NULL;
  uint32_t length = 0;
  napi_create_array_with_length(env, count, &row);
  for (uint32_t i = 0; i < count; i++) napi_set_element(env, row, i, cells[i]);
  napi_get_array_length(env, table, &length);
  napi_set_element(env, table, length, row);
}

/* [name, number] */
static napi_value errors(napi_env env) {
  static const struct {
    const char *name;
    int number;
  } rows[] = {
#define ROW(name, number, text) {#name, number},
      MIDGE_STATUS_MAP(ROW)
#undef ROW
  };
  napi_value table = NULL;
  napi_create_array(env, &table);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    napi_value cells[] = {text(env, rows[i].name), number(env, rows[i].number)};
    add_row(env, table, cells, 2);
  }
  return table;
}

/* [name in JavaScript, identifier, type, packets] */
static napi_value properties(napi_env env) {
  static const midge_property_id ids[] = {
#define ROW(name, id, type, packets, low, high, many, js) MIDGE_##name,
      MIDGE_PROPERTY_MAP(ROW)
#undef ROW
  };
  napi_value table = NULL;
  napi_create_array(env, &table);
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    const midge_property_row *row = midge_property_look_up(ids[i]);
    napi_value cells[] = {text(env, row->js_name), number(env, row->id),
                          number(env, row->type), number(env, row->packets)};
    add_row(env, table, cells, 4);
  }
  return table;
}

static napi_value versions(napi_env env) {
  const midge_versions told = midge_library_versions();
  const struct {
    const char *name, *version;
  } rows[] = {{"midge", told.midge},
              {"libuv", told.libuv},
              {"lmdb", told.lmdb},
              {"openssl", told.openssl},
              {"zlib", told.zlib}};
  napi_value object = NULL;
  napi_create_object(env, &object);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    napi_set_named_property(env, object, rows[i].name,
                            text(env, rows[i].version));
  }
  return object;
}

static napi_value describe(napi_env env, napi_callback_info info,
                           const char *(*of)(midge_status)) {
  napi_value argument = NULL;
  size_t count = 1;
  int32_t status = 0;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_get_value_int32(env, argument, &status);
  return text(env, of((midge_status)status));
}

static napi_value status_name(napi_env env, napi_callback_info info) {
  return describe(env, info, midge_status_name);
}

static napi_value status_text(napi_env env, napi_callback_info info) {
  return describe(env, info, midge_status_text);
}

void midge_tables_export(midge_environment *environment, napi_value exports) {
  napi_env env = environment->env;
  napi_set_named_property(env, exports, "errors", errors(env));
  napi_set_named_property(env, exports, "properties", properties(env));
  napi_set_named_property(env, exports, "settings", midge_options_names(env));
  napi_set_named_property(env, exports, "versions", versions(env));
  midge_export(environment, exports, "statusName", status_name);
  midge_export(environment, exports, "statusText", status_text);
}
