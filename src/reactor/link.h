/* A socket with what stands between it and the session.
 *
 *     session  <-->  [ 0 to 3 filters ]  <-->  socket
 *
 * A link is made while dialing, given to a client when it is up, and frees
 * itself when its handle has closed. The client hears of it by the functions
 * at the end of attempt.h. */
#ifndef MIDGE_REACTOR_LINK_H
#define MIDGE_REACTOR_LINK_H

#include "filter/stack.h"
#include "reactor/client.h"

struct midge_link {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  midge_dial *dial;       /* while it races; else null */
  midge_client *client;   /* whose link it is; null before and after */
  midge_session *session; /* null while the filters shake hands */
  midge_stack stack;      /* empty for a plain connection */
  uv_connect_t connect;
  uv_write_t write;
  uv_shutdown_t shutdown;
  bool reading;
  bool writing;        /* a write waits for the socket */
  bool goodbye;        /* the filters were asked to say it */
  bool shut;           /* nothing more can or will be written */
  size_t writing_size; /* of the session's output; 0 with filters */
  uint8_t *copy;       /* with filters: what a waiting write refers to */
  uint8_t *held;       /* with filters: bytes they could not take yet */
  size_t held_size;
};

/* A link without a connection; null when there is no memory. */
midge_link *midge_link_new(uv_loop_t *loop, bool pipe);
/* Close the socket, having told the session what was sent; frees the link. */
void midge_link_drop(midge_link *link);

/* The link is up: it belongs to the client from here on. */
void midge_link_begin(midge_link *link, midge_client *client);
/* Read from the socket, or do not. */
void midge_link_read(midge_link *link, bool on);
/* Write what there is, as far as the socket takes it. Of a stream that broke
 * the reading side tells, after what the server said last. */
void midge_link_write(midge_link *link);
/* Everything was written, and the filters have said goodbye; ask after
 * writing. */
bool midge_link_is_flushed(midge_link *link);
/* End our side of the stream. */
void midge_link_shut(midge_link *link);
/* Bytes came from the socket: pass them up, through the filters. */
void midge_link_received(midge_link *link, midge_slice bytes);
/* What the filters have for the session; true if there was any. */
bool midge_link_pass_up(midge_link *link);

#endif
