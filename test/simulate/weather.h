/* What a world is like: how often things go wrong in it. */
#ifndef MIDGE_TEST_WEATHER_H
#define MIDGE_TEST_WEATHER_H

#include "link/link.h"
#include "simulate/dice.h"

enum { PLACES_MAX = 8 };

/* Drawn from the seed. Rates are in ten thousand. */
typedef struct weather {
  midge_version version, broker_version; /* the highest the broker speaks */
  bool negotiate, kept, adopt, alias_auto, by_hand, at_release, hold, ask, off,
      lasting, fixed, proxy, breaks_off, standing_late, durable, inbox,
      fleeting, drop, lower, lenient;
  midge_qos qos_max; /* of the broker */
  bool plain;        /* requests without limits */
  uint16_t broker_window, in_flight_max, receive_max, alias_max, batch_max;
  uint16_t keep_alive_s, server_keep_alive_s;
  uint32_t parked_max, inbox_max, memory_max; /* bytes; 0: the default */
  uint8_t redirects_max;
  size_t servers; /* beside the first */
  bool dead[PLACES_MAX];
  uint32_t min_ms, max_ms, stable_ms, connect_timeout_ms, close_timeout_ms;
  uint32_t lag_ms, chunk_max, write_max, pad_max, mail_ms, pace_ms;
  uint32_t cut, refuse_dial, refuse_connect, move, refuse, takeover, crash,
      forget, late, pause, calls, awkward, poison, write_wait, slow_answer;
  uint32_t go_back;            /* from PUBREL to PUBLISH */
  uint32_t disk_ms;            /* that a commit takes at most */
  uint32_t disk_fault;         /* of a commit */
  uint32_t kill;               /* the process; in a step */
  uint32_t jump, expire;       /* of the clock, of the session, meanwhile */
  uint32_t lose, damage;       /* of the file, of a record in it */
  uint32_t discard;            /* a message in it, by somebody else */
  uint32_t lease;              /* a wish is made on the program's thread */
  uint32_t requests, messages; /* how many of each */
  uint32_t filters;            /* that are asked for */
  uint32_t end;                /* how the seed ends */
} weather;

enum { END_DISCONNECT, END_CLOSE, END_CLOSE_EARLY, END_FREE };

void weather_draw(weather *to, dice *d);

#endif
