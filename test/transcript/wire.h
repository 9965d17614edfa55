/* Packets, events and options as lines of a transcript. */
#ifndef MIDGE_TEST_WIRE_H
#define MIDGE_TEST_WIRE_H

#include "midge/session.h"
#include "transcript/line.h"

#define PROPERTIES_MAX LINE_FIELDS_MAX

/* The properties among the fields, in their order; those of the will have the
 * prefix "will.". The list lives in `room`, the text in the line. */
midge_properties wire_properties(line *in, const char *prefix,
                                 midge_property room[PROPERTIES_MAX]);

/* `CONNACK session_present=1 ...` as bytes, which are the caller's to free;
 * null for a verb that is no packet. */
uint8_t *wire_build(line *in, midge_version version, size_t *size);
/* The other way round; the text is the caller's to free. */
char *wire_describe(const midge_packet *packet);
char *wire_describe_event(const midge_event *event);

/* "OK", "ECLOSED", "NOT_AUTHORIZED". */
const char *wire_status_name(midge_status status);
midge_version wire_version(line *in);

#endif
