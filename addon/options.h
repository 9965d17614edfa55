/* Options of a client, as lib/ has checked them. */
#ifndef MIDGE_ADDON_OPTIONS_H
#define MIDGE_ADDON_OPTIONS_H

#include "midge/client.h"
#include "scratch.h"

/* A list of settings: the place of a name in midge_options_names and its value,
 * in turn. What is not there costs nothing and stays as it is. What `options`
 * points at lives as long as the scratch. */
void midge_options_read(midge_scratch *scratch, napi_value list,
                        midge_client_options *options);
/* An array of their names. */
napi_value midge_options_names(napi_env env);

/* An object with names; null for none. */
void midge_options_read_tls(midge_scratch *scratch, napi_value object,
                            midge_tls_options *tls);

/* A will: {topic, payload, qos, retain, properties}; null for none. */
const midge_publish *midge_options_read_will(midge_scratch *scratch,
                                             napi_value object);

#endif
