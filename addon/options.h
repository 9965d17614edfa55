/* Options of a client, from the object that lib/ has made and checked. */
#ifndef MIDGE_ADDON_OPTIONS_H
#define MIDGE_ADDON_OPTIONS_H

#include "midge/client.h"
#include "scratch.h"

/* What `options` points at lives as long as the scratch. */
void midge_options_read(midge_scratch *scratch, napi_value object,
                        midge_client_options *options);
void midge_options_read_tls(midge_scratch *scratch, napi_value object,
                            midge_tls_options *tls);

/* A will: {topic, payload, qos, retain, properties}; null for none. */
const midge_publish *midge_options_read_will(midge_scratch *scratch,
                                             napi_value object);

#endif
