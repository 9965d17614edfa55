/* Answers to messages on their way from JavaScript: lib/answers.js writes them
 * into words that it shares with us, and one call takes them all. They are of
 * one client and one connection at a time; every other call takes them first.
 *
 *   word 0   how many answers there are; 0: nothing waits
 *   word 1   index of the client
 *   word 2   the attempt whose connection brought the messages
 *   word 3   and on: packet identifier | QoS << 16, well received */
#ifndef MIDGE_ADDON_ANSWERS_H
#define MIDGE_ADDON_ANSWERS_H

#include <node_api.h>

#include "midge/client.h"

#define ANSWERS_MAX 1024

typedef struct midge_answers {
  napi_ref words_ref;
  uint32_t *words; /* null until they are set up */
} midge_answers;

typedef struct midge_answers_run {
  midge_answer list[ANSWERS_MAX];
  size_t count;
  uint32_t index, attempt;
} midge_answers_run;

/* `words`: a Uint32Array of the words above. */
void midge_answers_set_up(midge_answers *answers, napi_env env,
                          napi_value words);
void midge_answers_free(midge_answers *answers, napi_env env);

/* False when nothing waits. */
bool midge_answers_take(midge_answers *answers, midge_answers_run *run);

#endif
