/* Who we are to the server. */
#ifndef MIDGE_ENGINE_IDENTITY_H
#define MIDGE_ENGINE_IDENTITY_H

#include "midge/session.h"

/* The next CONNECT is that of another client. */
bool midge_session_is_renamed(const midge_session *session);

#endif
