#include "scratch.h"

#include <stdlib.h>
#include <string.h>

struct scratch_block {
  scratch_block *next;
  size_t size;
  _Alignas(max_align_t) char data[];
};

static const uint8_t nothing[1];

void *midge_scratch_take(midge_scratch *scratch, size_t size) {
  scratch_block *block = malloc(sizeof *block + size);
  if (block == NULL) {
    scratch->failed = true;
    return NULL;
  }
  block->next = scratch->blocks;
  block->size = size;
  scratch->blocks = block;
  return block->data;
}

void midge_scratch_free(midge_scratch *scratch) {
  while (scratch->blocks != NULL) {
    scratch_block *block = scratch->blocks;
    scratch->blocks = block->next;
    if (scratch->secret) explicit_bzero(block->data, block->size);
    free(block);
  }
}

static midge_slice string_bytes(midge_scratch *scratch, napi_value value) {
  size_t size = 0;
  napi_get_value_string_utf8(scratch->env, value, NULL, 0, &size);
  char *copy = midge_scratch_take(scratch, size + 1);
  if (copy == NULL) return (midge_slice){NULL, 0};
  napi_get_value_string_utf8(scratch->env, value, copy, size + 1, &size);
  return (midge_slice){(const uint8_t *)copy, size};
}

static midge_slice array_bytes(midge_scratch *scratch, napi_value value) {
  bool is_array = false;
  napi_is_typedarray(scratch->env, value, &is_array);
  if (!is_array) return (midge_slice){NULL, 0};
  void *data = NULL;
  size_t size = 0;
  napi_get_typedarray_info(scratch->env, value, NULL, &size, &data, NULL, NULL);
  /* An empty array has no address, but it is not "none". */
  if (data == NULL) return (midge_slice){nothing, 0};
  return (midge_slice){data, size};
}

midge_slice midge_scratch_bytes(midge_scratch *scratch, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (value != NULL) napi_typeof(scratch->env, value, &type);
  if (type == napi_string) return string_bytes(scratch, value);
  if (type == napi_object) return array_bytes(scratch, value);
  return (midge_slice){NULL, 0};
}

napi_value midge_scratch_field(midge_scratch *scratch, napi_value object,
                               const char *name) {
  napi_value value = NULL;
  if (napi_get_named_property(scratch->env, object, name, &value) != napi_ok) {
    return NULL;
  }
  napi_valuetype type = napi_undefined;
  napi_typeof(scratch->env, value, &type);
  return type == napi_undefined || type == napi_null ? NULL : value;
}

bool midge_scratch_flag(midge_scratch *scratch, napi_value object,
                        const char *name) {
  napi_value value = midge_scratch_field(scratch, object, name);
  bool flag = false;
  if (value != NULL) napi_get_value_bool(scratch->env, value, &flag);
  return flag;
}

double midge_scratch_number(midge_scratch *scratch, napi_value object,
                            const char *name) {
  napi_value value = midge_scratch_field(scratch, object, name);
  double number = 0;
  if (value != NULL) napi_get_value_double(scratch->env, value, &number);
  return number;
}

midge_slice midge_scratch_text(midge_scratch *scratch, napi_value object,
                               const char *name) {
  return midge_scratch_bytes(scratch,
                             midge_scratch_field(scratch, object, name));
}

const midge_slice *midge_scratch_texts(midge_scratch *scratch, napi_value array,
                                       size_t *count) {
  uint32_t length = 0;
  *count = 0;
  if (array == NULL) return NULL;
  napi_get_array_length(scratch->env, array, &length);
  midge_slice *texts = midge_scratch_take(scratch, length * sizeof *texts);
  if (texts == NULL) return NULL;
  for (uint32_t i = 0; i < length; i++) {
    napi_value value = NULL;
    napi_get_element(scratch->env, array, i, &value);
    texts[i] = midge_scratch_bytes(scratch, value);
  }
  *count = length;
  return texts;
}
