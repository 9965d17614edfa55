#include "properties.h"

#include <string.h>

static void read_value(midge_scratch *scratch, napi_value value,
                       midge_property *property) {
  napi_valuetype type = napi_undefined;
  napi_typeof(scratch->env, value, &type);
  if (type == napi_number) {
    napi_get_value_uint32(scratch->env, value, &property->number);
    return;
  }
  property->value = midge_scratch_bytes(scratch, value);
}

midge_properties midge_properties_read(midge_scratch *scratch,
                                       napi_value array) {
  midge_properties properties = {NULL, 0};
  bool is_array = false;
  uint32_t length = 0;
  if (array != NULL) napi_is_array(scratch->env, array, &is_array);
  if (!is_array) return properties;
  napi_get_array_length(scratch->env, array, &length);
  midge_property *list = midge_scratch_take(scratch, length * sizeof *list);
  if (list == NULL) return properties;

  for (uint32_t i = 0; i + 1 < length; i++) {
    midge_property *property = &list[properties.count++];
    napi_value value = NULL;
    uint32_t id = 0;
    memset(property, 0, sizeof *property);
    napi_get_element(scratch->env, array, i++, &value);
    napi_get_value_uint32(scratch->env, value, &id);
    property->id = (midge_property_id)id;
    if (property->id == MIDGE_USER_PROPERTY) {
      napi_get_element(scratch->env, array, i++, &value);
      property->name = midge_scratch_bytes(scratch, value);
    }
    napi_get_element(scratch->env, array, i, &value);
    read_value(scratch, value, property);
  }
  properties.list = list;
  return properties;
}

static napi_value write_text(napi_env env, midge_slice text) {
  napi_value value = NULL;
  napi_create_string_utf8(env, text.size == 0 ? "" : (const char *)text.data,
                          text.size, &value);
  return value;
}

static napi_value write_value(napi_env env, const midge_property *property) {
  const midge_property_row *row = midge_property_look_up(property->id);
  napi_value value = NULL;
  switch (row->type) {
    case MIDGE_TYPE_BOOLEAN:
      napi_get_boolean(env, property->number != 0, &value);
      return value;
    case MIDGE_TYPE_BINARY:
      napi_create_buffer_copy(env, property->value.size, property->value.data,
                              NULL, &value);
      return value;
    case MIDGE_TYPE_TEXT:
    case MIDGE_TYPE_PAIR:
      return write_text(env, property->value);
    default:
      napi_create_uint32(env, property->number, &value);
      return value;
  }
}

napi_value midge_properties_write(napi_env env, midge_slice wire) {
  if (wire.size == 0) return NULL;
  napi_value array = NULL;
  midge_property property;
  uint32_t at = 0;
  if (napi_create_array(env, &array) != napi_ok) return NULL;
  while (midge_property_next(&wire, &property)) {
    napi_value id = NULL;
    napi_create_uint32(env, property.id, &id);
    napi_set_element(env, array, at++, id);
    if (property.id == MIDGE_USER_PROPERTY) {
      napi_set_element(env, array, at++, write_text(env, property.name));
    }
    napi_set_element(env, array, at++, write_value(env, &property));
  }
  return array;
}
