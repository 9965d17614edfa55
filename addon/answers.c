#include "answers.h"

#include <assert.h>

enum { COUNT, INDEX, ATTEMPT, FIRST };

void midge_answers_set_up(midge_answers *answers, napi_env env,
                          napi_value words) {
  void *data = NULL;
  napi_create_reference(env, words, 1, &answers->words_ref);
  napi_get_typedarray_info(env, words, NULL, NULL, &data, NULL, NULL);
  answers->words = data;
}

void midge_answers_free(midge_answers *answers, napi_env env) {
  napi_delete_reference(env, answers->words_ref);
}

bool midge_answers_take(midge_answers *answers, midge_answers_run *run) {
  uint32_t *words = answers->words;
  if (words == NULL || words[COUNT] == 0) return false;
  assert(words[COUNT] <= ANSWERS_MAX);
  run->count = words[COUNT];
  run->index = words[INDEX];
  run->attempt = words[ATTEMPT];
  for (size_t i = 0; i < run->count; i++) {
    uint32_t word = words[FIRST + i];
    run->list[i] = (midge_answer){.packet_id = (uint16_t)word,
                                  .qos = (uint8_t)(word >> 16)};
  }
  words[COUNT] = 0;
  return true;
}
