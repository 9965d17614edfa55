/* A stream of the system, TCP or a Unix socket, and what libuv wants to be
 * told of it. Whoever listens is told what happens; a socket that was dropped
 * tells nothing more, and frees itself when its handle has closed. */
#ifndef MIDGE_REACTOR_SOCKET_H
#define MIDGE_REACTOR_SOCKET_H

#include "reactor/loop.h"

/* Who owns the socket. It may drop it in any of these. */
typedef struct midge_listener {
  /* uv_tcp_connect or uv_pipe_connect has ended; `error` is 0 or libuv's. */
  void (*connected)(void *context, midge_socket *socket, int error);
  /* Where what is read next is to be, `*size` bytes of it. Null, or without
   * this function: where the reactor's reads are. */
  uint8_t *(*place)(void *context, size_t *size);
  void (*received)(void *context, midge_slice bytes);
  void (*written)(void *context); /* a write that waited is done, or failed */
  void (*broken)(void *context, int error); /* UV_EOF: ended in order */
} midge_listener;

struct midge_socket {
  union {
    uv_handle_t handle;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  };
  const midge_listener *listener; /* null: dropped */
  void *context;
  midge_reactor *reactor;
  uint32_t number;     /* for the owner */
  int descriptor;      /* once somebody listens to what is connected */
  uint32_t read_round; /* when it had its turn to be read */
  bool is_reading;
  bool is_writing;     /* a write waits for the system */
  bool is_shut;        /* nothing more can or will be written */
  bool is_given_up;    /* the reading side has had its time since `fault` */
  bool is_near;        /* the program's thread reads it (near.h) */
  bool was_read;       /* by that, lately */
  bool is_late;        /* bytes waited in it when the reactor looked last */
  uint8_t calm;        /* reads in a row that each woke the program */
  uint8_t shy;         /* it is near only after more of these */
  int fault;           /* of a write, libuv's; 0: none has failed */
  size_t waiting_size; /* of the write that waits, not yet told as taken */
  /* What only a write that waits needs; a socket at rest has none. */
  uv_write_t *write;
  uint8_t *copy; /* what it refers to, if it had to copy */
};

/* Null when there is no memory. */
midge_socket *midge_socket_new(midge_reactor *reactor, bool is_pipe,
                               const midge_listener *listener, void *context);
/* Another owner from here on. */
void midge_socket_listen(midge_socket *socket, const midge_listener *listener,
                         void *context);
void midge_socket_drop(midge_socket *socket);

/* Return 0 or an error of libuv; `connected` follows. */
int midge_socket_connect(midge_socket *socket, const struct sockaddr *address);
void midge_socket_connect_pipe(midge_socket *socket, const char *path);

/* Read, or do not. */
void midge_socket_read(midge_socket *socket, bool on);
/* What broke while it is not read; 0: nothing. */
int midge_socket_error(const midge_socket *socket);

/* Write these slices, as far as the system takes them at once; returns how
 * much that was. What is left is written later: of slices that `stay` where
 * they are until then it is told by _taken, others are copied and count as
 * written. `later`: write nothing now. Nothing is taken while a write waits. */
MIDGE_CHECKED size_t midge_socket_write(midge_socket *socket,
                                        const midge_slice *slices, size_t count,
                                        bool stay, bool later);
/* How much the system has taken since of slices that stayed. */
MIDGE_CHECKED size_t midge_socket_taken(midge_socket *socket);
/* The same for whoever has borrowed the lease, of a socket that is at ease:
 * returns what the system took at once, and nothing is left for later. */
MIDGE_CHECKED size_t midge_socket_send(midge_socket *socket,
                                       const midge_slice *slices, size_t count);
/* Have the program's thread read it, as far as the system allows; true: it
 * does, and the loop does not. */
MIDGE_CHECKED bool midge_socket_go_near(midge_socket *socket);
/* That is over, if it was so: nobody reads it until _read. */
void midge_socket_leave_near(midge_socket *socket);
/* The same, and the loop reads it. */
void midge_socket_fetch(midge_socket *socket);
/* By either thread. */
static inline bool midge_socket_is_read(const midge_socket *socket) {
  return socket->is_reading || socket->is_near;
}
/* It can be written to, and nothing waits for the system. */
bool midge_socket_is_at_ease(const midge_socket *socket);
/* End our side of the stream. */
void midge_socket_shut(midge_socket *socket);

#endif
