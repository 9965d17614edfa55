/* Publishing what is in its place already: for who tells a session of what
 * another thread has published. */
#ifndef MIDGE_ENGINE_DRAFT_H
#define MIDGE_ENGINE_DRAFT_H

#include "engine/message.h"

/* As midge_session_publish. `draft`: of midge_message_draft with this
 * `publish`, or null; the session holds it if it takes the message. */
MIDGE_CHECKED midge_status midge_session_publish_draft(
    midge_session *session, const midge_publish *publish, midge_buffer *draft,
    uint64_t token);

#endif
