#include "settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *keep(cli_settings *settings, size_t size) {
  void *block = calloc(1, size == 0 ? 1 : size);
  void **kept = realloc(settings->kept,
                        (settings->kept_count + 1) * sizeof *settings->kept);
  if (block == NULL || kept == NULL) {
    fputs("midge: out of memory\n", stderr);
    exit(EXIT_FAILURE);
  }
  settings->kept = kept;
  settings->kept[settings->kept_count++] = block;
  return block;
}

void settings_free(cli_settings *settings) {
  for (size_t i = 0; i < settings->kept_count; i++) free(settings->kept[i]);
  free(settings->kept);
}

midge_slice text_of(const char *string) {
  return (midge_slice){(const uint8_t *)string, strlen(string)};
}

midge_properties settings_properties(const cli_settings *settings,
                                     unsigned packet) {
  const property_list *list = &settings->properties[packet];
  return (midge_properties){list->list, list->count};
}

const char *sentence(cli_settings *settings, const char *format, ...) {
  va_list values, again;
  va_start(values, format);
  va_copy(again, values);
  int size = vsnprintf(NULL, 0, format, values) + 1;
  char *text = keep(settings, (size_t)size);
  vsnprintf(text, (size_t)size, format, again);
  va_end(values);
  va_end(again);
  return text;
}
