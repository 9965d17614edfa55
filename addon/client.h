/* What JavaScript may wish of a client, but for publishing. Each function
 * takes the client's index first and returns a status. */
#ifndef MIDGE_ADDON_CLIENT_H
#define MIDGE_ADDON_CLIENT_H

#include "environment.h"

/* The client that an argument names, or null: given up, or all stopped. */
midge_handle *midge_client_argument(midge_environment *environment,
                                    napi_value argument);

void midge_client_export(midge_environment *environment, napi_value exports);

#endif
