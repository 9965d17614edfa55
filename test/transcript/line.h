/* A line of a transcript: a verb and fields.
 *
 *     PUBLISH id=1 topic="t" user_property="name","value" payload="x"*3
 *     ^verb   ^a word        ^a pair                       ^repeated
 *
 * Text in quotes knows \n, \r, \t, \0, \\, \" and \xNN. A field without a name
 * is an argument: `sent 5`. A field of the form `name=none` says that there is
 * no such field. */
#ifndef MIDGE_TEST_LINE_H
#define MIDGE_TEST_LINE_H

#include "midge/types.h"

#define LINE_FIELDS_MAX 64

typedef struct field {
  char name[48];      /* empty: an argument */
  midge_slice value;  /* the word, or the text without its quotes */
  midge_slice second; /* of a pair, else null */
  bool quoted;
  bool used; /* somebody asked for it; the rest are misspelled */
} field;

typedef struct line {
  char verb[24];
  field fields[LINE_FIELDS_MAX];
  size_t count;
  char error[160]; /* what is wrong with the line, or empty */
} line;

/* Every text handed out lives until line_free. */
void line_parse(line *to, const char *text);
void line_free(line *of);
/* Append the fields of `from`, which gives them up. */
void line_join(line *to, line *from);

/* The `index`th field of that name, or null. Marks it as used. */
field *line_find(line *in, const char *name, size_t index);
bool line_has(line *in, const char *name);
/* `name=none` counts as absent for all of these. A word may be a number, the
 * name of a reason code, or a duration such as 30s or 500ms. */
uint64_t line_number(line *in, const char *name, uint64_t otherwise);
midge_slice line_text(line *in, const char *name, midge_slice otherwise);
/* The words of "0,1,0x80" as bytes; returns how many, `room` at most. */
size_t line_bytes(line *in, const char *name, uint8_t *bytes, size_t room);
/* The first argument as a number, a duration in milliseconds. */
uint64_t line_argument(line *in);
/* The name of a field nobody asked for, or null. */
const char *line_unused(const line *in);

bool field_is(const field *of, const char *word);
uint64_t field_number(const field *of, bool *valid);

/* Is every field that `expected` names in `actual`, with the same value and as
 * many times? Else `actual->error` says what differs. */
bool line_matches(line *expected, line *actual);

/* "40 02 00 01" as bytes, which are the caller's to free. */
uint8_t *hex_parse(const char *text, size_t *size);

#endif
