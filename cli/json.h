/* A message as JSON, member for member as mosquitto_sub prints it. */
#ifndef MIDGE_CLI_JSON_H
#define MIDGE_CLI_JSON_H

#include <stdio.h>

#include "midge/store.h"

/* `raw`: the payload is JSON itself, and stands there as it is. A payload that
 * is not UTF-8 is `payload-hex` instead of `payload`. */
void json_print(FILE *out, const midge_event *event, const char *time, bool raw,
                bool pretty);
/* A message of a store, on a line of its own. */
void json_print_stored(FILE *out, const midge_stored *stored, bool payload);
/* What a store holds; `whole`: and what a check says of it. */
void json_print_report(FILE *out, const midge_store_report *report, bool whole);
/* Whether these bytes are one JSON value. */
bool json_is_valid(midge_slice text);

#endif
