/* A recording: a line of JSON about itself, and one for each message.
 *
 *     {"midge-recording":1,"began":"2026-01-31T12:00:00Z","filters":["a/#"]}
 *     {"at":1042,"topic":"a/b","payload":"on","qos":1,"retain":true}
 *     {"at":9001,"topic":"a/c","payload-base64":"/wA=","properties":{...}}
 *
 * `at` is in microseconds since the beginning. What is false, 0 or empty is
 * left out; members that nobody knows are for others. Bytes that are not UTF-8
 * have "-base64" behind their name. Properties are named as -D names them;
 * those of one connection alone (alias, subscription identifier) are left out.
 */
#ifndef MIDGE_CLI_RECORDING_H
#define MIDGE_CLI_RECORDING_H

#include <stdio.h>

#include "settings.h"

void recording_begin(FILE *out, const texts *filters);
void recording_write(FILE *out, const midge_event *event, uint64_t at_us);

/* A message that was read. Zero is none. */
typedef struct cli_recorded {
  uint64_t at_us;
  midge_publish publish; /* points into the others */
  struct json_t *json;
  midge_property *properties;
  uint8_t *bytes;
  size_t bytes_used;
} cli_recorded;

/* The first line: null, or why this is no recording that can be read. */
const char *recording_check(midge_slice line);

/* Any other line: null, or what is wrong with it. It is to be freed anyway. */
const char *recording_read(midge_slice line, cli_recorded *to);
void recorded_free(cli_recorded *recorded);

#endif
