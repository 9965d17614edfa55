/* A driver around a link, as a transcript needs it: transport and clock are in
 * memory, what comes out is kept as lines, and what every link promises is
 * checked on the way: one beginning and one end of each attempt, one last
 * CLOSED of each connect, one outcome of each request, nothing after ENDED. */
#ifndef MIDGE_TEST_LINK_DRIVER_H
#define MIDGE_TEST_LINK_DRIVER_H

#include "link/link.h"
#include "transcript/driver.h"

typedef struct bytes {
  uint8_t *data;
  size_t size, room;
} bytes;

typedef struct link_driver {
  line options; /* as written; their text belongs to the link's options */
  midge_link *link;
  memory memory;
  midge_time now;
  seen_list packets, events;

  /* The transport. */
  uint32_t attempt; /* whose it is; 0: there is none */
  bool up;
  bool proxied, framed; /* what is in between, as the options say */
  unsigned heads;       /* of HTTP that are still to come from us */
  bytes stream, mqtt;   /* sent: as it is, and out of its frames */
  bytes rest;           /* came in and was not taken */
  midge_version version;
  char key[64]; /* Sec-WebSocket-Key */
  bool output_held, byte_by_byte;
  bool late; /* all that has come in is told before what is late */
  size_t allowance;

  /* What every link promises. */
  uint32_t connects, finished; /* asked for, and at their end */
  uint32_t attempts;
  bool asked; /* as midge_client keeps it */
  bool running, opened, closed_handle, ended;
  uint64_t done[64]; /* tokens */
  size_t done_count;

  bool careless; /* what comes out is checked, and expected no more */
  bool failed;
  char failure[512];
} link_driver;

void link_init(link_driver *d);
void link_free(link_driver *d);
void link_fail(link_driver *d, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Make the link, if there is none. */
void link_need(link_driver *d);
/* Empty the third column. */
void link_turn(link_driver *d);
void link_elapsed(link_driver *d, midge_time ms);
/* Facts; what cannot be at the moment is left out. */
void link_dialed(link_driver *d, uint32_t attempt);
void link_failed(link_driver *d, uint32_t attempt, const midge_fault *fault);
void link_received(link_driver *d, const uint8_t *data, size_t size);
void link_broken(link_driver *d, uint32_t attempt, const midge_fault *fault);
void link_ended(link_driver *d, uint32_t attempt);
void link_wish(link_driver *d, const midge_wish *wish);
/* Give the handle up, and see that all is over soon. */
void link_finish(link_driver *d);

void bytes_add(bytes *to, const void *data, size_t size);
void bytes_drop(bytes *of, size_t size);

/* link_frames.c: the frames of a WebSocket, seen from the server. */
void frames_open(link_driver *d);
/* Around what the server sends. */
void frames_wrap(bytes *to, const uint8_t *data, size_t size);
/* The answer that accepts the upgrade; the caller's to free. */
char *frames_accept(const link_driver *d, const char *protocol);

/* link_lines.c */
void link_tell(link_driver *d, const char *text);
void link_ask(link_driver *d, const char *text);

/* link_play.c: the whole thing, in all cuts. */
bool link_play(const char *title, const char *lines);

#endif
