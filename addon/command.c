#include "command.h"

#include "exports.h"

#ifdef MIDGE_ADDON_COMMAND
#include <stdlib.h>
#include <string.h>

#include "../cli/command.h"

/* Yours to free; null without memory. */
static char *text_of(napi_env env, napi_value value) {
  size_t size = 0;
  napi_get_value_string_utf8(env, value, NULL, 0, &size);
  char *text = malloc(size + 1);
  if (text != NULL)
    napi_get_value_string_utf8(env, value, text, size + 1, &size);
  return text;
}

/* The words as the system gives them to a program, the name of it first. */
static int run(napi_env env, napi_value list, uint32_t count, char **words) {
  uint32_t read = 0;
  words[0] = strdup("midge");
  while (words[read] != NULL && read < count) {
    napi_value value = NULL;
    napi_get_element(env, list, read, &value);
    words[++read] = text_of(env, value);
  }
  bool is_whole = words[read] != NULL;
  int code = is_whole ? midge_command((int)count + 1, words) : EXIT_FAILURE;
  for (uint32_t i = 0; i <= read; i++) free(words[i]);
  return code;
}

/* command(words): the code that the process is to end with. JavaScript waits
 * meanwhile, as there is nothing else to do. */
static napi_value command(napi_env env, napi_callback_info info) {
  napi_value list = NULL, result = NULL;
  size_t arguments = 1;
  uint32_t count = 0;
  int code = EXIT_FAILURE;
  napi_get_cb_info(env, info, &arguments, &list, NULL, NULL);
  napi_get_array_length(env, list, &count);
  char **words = calloc((size_t)count + 2, sizeof *words);
  if (words != NULL) code = run(env, list, count, words);
  free(words);
  napi_create_int32(env, code, &result);
  return result;
}

void midge_command_export(midge_environment *environment, napi_value exports) {
  midge_export(environment, exports, "command", command);
}
#else
void midge_command_export(midge_environment *environment, napi_value exports) {
  (void)environment;
  (void)exports;
}
#endif
