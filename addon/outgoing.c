#include "outgoing.h"

enum { COUNT, INDEX, TOKEN_LOW, TOKEN_HIGH, SIZE, ROOM_MESSAGES, ROOM_BYTES };

void midge_outgoing_set_up(midge_outgoing *outgoing, napi_env env,
                           const napi_value *arrays) {
  void *data = NULL;
  napi_create_reference(env, arrays[0], 1, &outgoing->records_ref);
  napi_create_reference(env, arrays[1], 1, &outgoing->words_ref);
  napi_get_typedarray_info(env, arrays[0], NULL, NULL, &data, NULL, NULL);
  outgoing->records = data;
  napi_get_typedarray_info(env, arrays[1], NULL, NULL, &data, NULL, NULL);
  outgoing->words = data;
}

void midge_outgoing_free(midge_outgoing *outgoing, napi_env env) {
  napi_delete_reference(env, outgoing->records_ref);
  napi_delete_reference(env, outgoing->words_ref);
}

bool midge_outgoing_take(midge_outgoing *outgoing, midge_outgoing_run *run) {
  uint32_t *words = outgoing->words;
  if (words == NULL || words[COUNT] == 0) return false;
  run->bundle.records = (midge_slice){outgoing->records, words[SIZE]};
  run->bundle.count = words[COUNT];
  run->token = (uint64_t)words[TOKEN_HIGH] << 32 | words[TOKEN_LOW];
  run->index = words[INDEX];
  words[COUNT] = 0;
  return true;
}

static uint32_t word(size_t number) {
  return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

void midge_outgoing_set_room(midge_outgoing *outgoing, midge_room room) {
  outgoing->words[ROOM_MESSAGES] = word(room.messages);
  outgoing->words[ROOM_BYTES] = word(room.bytes);
}
