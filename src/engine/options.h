/* The options of a session: their defaults, and what cannot be. */
#ifndef MIDGE_ENGINE_OPTIONS_H
#define MIDGE_ENGINE_OPTIONS_H

#include "midge/session.h"

midge_session_options midge_options_with_defaults(
    const midge_session_options *given);
MIDGE_CHECKED midge_status
midge_options_check(const midge_session_options *options);

#endif
