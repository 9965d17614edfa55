#include "transcript/record.h"

#include <stdio.h>
#include <stdlib.h>

static FILE *record;

bool record_begin(void) {
  const char *name = getenv("MIDGE_TEST_RECORD");
  if (name == NULL) return false;
  record = fopen(name, "a");
  if (record == NULL) {
    perror(name);
    abort();
  }
  record_line("transcript");
  return true;
}

void record_end(void) {
  fclose(record);
  record = NULL;
}

void record_line(const char *text) {
  if (record != NULL) fprintf(record, "%s\n", text);
}

void record_sent(const uint8_t *bytes, size_t size) {
  if (record == NULL) return;
  fputs("<x", record);
  for (size_t i = 0; i < size; i++) fprintf(record, " %02x", bytes[i]);
  fputc('\n', record);
}
