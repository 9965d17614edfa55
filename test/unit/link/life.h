/* A link and its driver, played by hand: no socket, no clock. Each function
 * does one thing that a driver or a program would do. */
#ifndef MIDGE_TEST_LIFE_H
#define MIDGE_TEST_LIFE_H

#include "base/slice.h"
#include "link/link.h"
#include "unit/harness.h"

typedef struct life {
  midge_link *link;
  midge_time now;
  midge_event event;  /* the last that was expected; its buffer is on loan */
  char text[300];     /* of a CLOSED; copied */
  char output[70000]; /* of the last `leave` */
  size_t output_size;
  uint32_t connects;
} life;

/* Without keep-alive, retries after 100 ms at first, at mqtt://one.test unless
 * the options say otherwise; with the memory of the session's options. */
void life_start(life *l, midge_client_options options);
void life_end(life *l);

/* --- Facts --- */
void pass(life *l, midge_time ms);
void dial(life *l);
void receive(life *l, midge_slice bytes);
/* Everything to be sent goes to `output`. */
void leave(life *l);
/* Dialed, and the server's CONNACK of MQTT 5 came. */
void open_up(life *l);
void break_off(life *l);
void fail_to_dial(life *l);

/* --- Wishes --- */
void wish(life *l, midge_wish_type type);
void publish(life *l, uint64_t token, midge_qos qos, const char *topic);

/* --- Answers --- */
/* The next event is of this type. */
void expect(life *l, midge_event_type type);
void expect_done(life *l, uint64_t token, midge_status status);
/* CLOSED, with the text in `text`. */
void expect_closed(life *l, midge_status status);
void expect_nothing(life *l);
/* A transport is wanted to this host. */
void expect_dial(life *l, const char *host, uint16_t port);
/* The bytes are somewhere in the output. */
bool has_left(const life *l, midge_slice bytes);

#define CONNACK MIDGE_TEXT("\x20\x03\x00\x00\x00")

#endif
