/* Wishes that end before their time: the program or a clock has had enough. */
#ifndef MIDGE_ENGINE_CANCEL_H
#define MIDGE_ENGINE_CANCEL_H

#include "engine/state.h"

/* Those whose time limits are reached. */
void midge_session_expire_wishes(midge_session *session);

#endif
