/* -D COMMAND NAME VALUE: properties of MQTT 5. */
#ifndef MIDGE_CLI_PROPERTIES_H
#define MIDGE_CLI_PROPERTIES_H

#include "settings.h"

/* How many words belong to this -D, from `words` on: 3, or 4 of a pair. */
int property_words(const char *const *words, int count);
/* Null, or a sentence. */
const char *property_read(cli_settings *settings, char **words);
/* Whether those of each packet may stand there. */
const char *properties_check(cli_settings *settings);

/* "content-type", as mosquitto has it, of CONTENT_TYPE. */
void property_name(midge_property_id id, char *name, size_t size);
/* And back; null: there is no such property. */
const midge_property_row *property_row(const char *name);
/* Whether its value is a number; else it is text or bytes. */
bool property_is_number(midge_property_type type);

#endif
