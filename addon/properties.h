/* Properties cross the border as one flat array: identifier, value,
 * identifier, value ...; a user property has two values, its name first.
 * lib/properties.js makes the object of it, by the table in tables.c. */
#ifndef MIDGE_ADDON_PROPERTIES_H
#define MIDGE_ADDON_PROPERTIES_H

#include "midge/packet.h"
#include "scratch.h"

/* The list lives as long as the scratch. Null or not an array: none. */
midge_properties midge_properties_read(midge_scratch *scratch,
                                       napi_value array);

/* Null when there are none. */
napi_value midge_properties_write(napi_env env, midge_slice wire);

#endif
