/* What the program is told of its wishes and of the connection's end. */
#ifndef MIDGE_ENGINE_TELL_H
#define MIDGE_ENGINE_TELL_H

#include "engine/state.h"

/* The end of a wish; `answer` is the packet that ended it, or null. Token 0
 * asks for no event. */
typedef struct midge_done {
  uint64_t token;
  midge_status status;
  midge_slice reasons;
  uint32_t count; /* of tokens in a row; 0: one */
  uint16_t packet_id;
  const midge_packet *answer;
  midge_slice text;     /* for people */
  midge_buffer *buffer; /* where the slices point that are not the answer's */
} midge_done;
void midge_session_done(midge_session *session, const midge_done *done);

/* An allocator that does not fail, and gives the same blocks as the session's:
 * for events that are no messages. Before anything else; without it an end that
 * cannot be told for want of memory ends the connection, and is not told. */
void midge_session_rely(midge_session *session, const midge_allocator *patient);

typedef struct midge_closing {
  midge_side by;
  midge_status status;
  uint8_t reason;
  bool has_reason; /* it was sent or received */
  bool lasting;
  const char *text;       /* static, or null */
  midge_slice said;       /* what the server said instead, or empty */
  midge_slice properties; /* in the receiver's buffer */
} midge_closing;

/* The program is told, and nothing more happens on this connection. */
void midge_session_close(midge_session *session, const midge_closing *closing);
/* The CLOSED that was told last, for as long as there is no other. Its buffer
 * lives as long as whoever was told holds it. */
const midge_event *midge_session_last_closed(const midge_session *session);
/* It is our own fault or the network's. */
void midge_session_fail(midge_session *session, midge_status status,
                        const char *text);

#endif
