/* The will: MQTT 5, section 3.1.2.5. */
#ifndef MIDGE_ENGINE_WILL_H
#define MIDGE_ENGINE_WILL_H

#include "engine/state.h"

/* Keeps a copy of `will`; null removes it. */
MIDGE_CHECKED midge_status midge_session_keep_will(midge_session *session,
                                                   const midge_publish *will);

#endif
