/* A filter stands between bytes from below (the socket, or the next filter
 * down) and bytes for above (the session, or the next filter up), and changes
 * them on the way: TLS, WebSocket, the greeting of a proxy. It does no I/O, has
 * no clock, and calls nobody.
 *
 *     above     write()  |        ^  input(), taken()
 *                        v        |
 *                     [   filter    ]     state(), error(), close()
 *                        |        ^
 *     below    output(), |        |  received(), ended()
 *              sent()    v
 *
 * Told what happened (_received, _ended, _sent, _taken), told what is wished
 * (_write, _close), asked for what there is (_output, _input, _state, _error).
 * Every buffer inside is bounded: what does not fit is not taken, and offered
 * again later.
 *
 * The handshake is a matter of output and received bytes like any other: ask
 * for output first, since the client speaks first in all of them. Nothing is
 * taken from above before the state is OPEN. */
#ifndef MIDGE_FILTER_FILTER_H
#define MIDGE_FILTER_FILTER_H

#include "base/allocator.h"
#include "midge/types.h"

typedef struct midge_filter midge_filter;

typedef enum midge_filter_state {
  MIDGE_FILTER_OPENING, /* shaking hands */
  MIDGE_FILTER_OPEN,
  MIDGE_FILTER_CLOSED, /* the other side ended it as its protocol asks */
  MIDGE_FILTER_FAILED, /* error() says why; ELOST for an end too early */
} midge_filter_state;

typedef struct midge_filter_error {
  midge_status status;
  const char *code;     /* "CERT_HAS_EXPIRED" as Node has it, or the name of
                           the status: "MIDGE_EPROXY"; never null */
  const char *text;     /* for people; good until the filter is freed */
  unsigned http_status; /* of a WebSocket server or proxy that refused; or 0 */
} midge_filter_error;

/* Bytes came from below. Returns how many were taken: at least one, or all,
 * unless there is input that waits to be taken, or output that waits to be
 * sent; once CLOSED or FAILED all are taken and dropped. */
MIDGE_CHECKED size_t midge_filter_received(midge_filter *filter,
                                           midge_slice bytes);
/* Below reported the end of the stream; told once, after all bytes. */
void midge_filter_ended(midge_filter *filter);

/* Take bytes from above, as many as fit; returns how many. None while OPENING,
 * after close, and when CLOSED or FAILED. */
MIDGE_CHECKED size_t midge_filter_write(midge_filter *filter,
                                        const midge_slice *slices,
                                        size_t count);
/* Say goodbye as the protocol asks. When the output is empty after this, all
 * was said, and the stream below can be ended. Before OPEN: nothing to say. */
void midge_filter_close(midge_filter *filter);

/* Bytes for below, in order; returns how many slices were filled in, none when
 * there is no output. Good until the next call but _state and _error. A filter
 * that FAILED may still have output: an alert, or a Close. */
MIDGE_CHECKED size_t midge_filter_output(midge_filter *filter,
                                         midge_slice *slices, size_t count);
/* The first `size` bytes of the output went down. */
void midge_filter_sent(midge_filter *filter, size_t size);

/* Bytes for above: false when there are none. Good as output. Take it before
 * believing a state of CLOSED or FAILED: it came before the end. */
MIDGE_CHECKED bool midge_filter_input(midge_filter *filter, midge_slice *bytes);
/* The first `size` bytes of the input went up. */
void midge_filter_taken(midge_filter *filter, size_t size);

midge_filter_state midge_filter_state_of(const midge_filter *filter);
/* Of a filter that FAILED; else its status is MIDGE_OK. */
midge_filter_error midge_filter_error_of(const midge_filter *filter);

/* Null is fine. */
void midge_filter_free(midge_filter *filter);

/* What a kind of filter is made of; every filter begins with its kind. */
typedef struct midge_filter_kind {
  size_t (*received)(midge_filter *filter, midge_slice bytes);
  void (*ended)(midge_filter *filter);
  size_t (*write)(midge_filter *filter, const midge_slice *slices,
                  size_t count);
  void (*close)(midge_filter *filter);
  size_t (*output)(midge_filter *filter, midge_slice *slices, size_t count);
  void (*sent)(midge_filter *filter, size_t size);
  bool (*input)(midge_filter *filter, midge_slice *bytes);
  void (*taken)(midge_filter *filter, size_t size);
  void (*free)(midge_filter *filter);
} midge_filter_kind;

struct midge_filter {
  const midge_filter_kind *kind;
  midge_filter_state state;
  midge_filter_error error;
};

#endif
