/* The world of one seed: a program with a session, a link that fails, a journal
 * that is slow, and a broker that follows the specification. */
#ifndef MIDGE_TEST_MODEL_H
#define MIDGE_TEST_MODEL_H

#include "midge/session.h"
#include "simulate/dice.h"
#include "simulate/pipe.h"
#include "transcript/memory.h"

enum {
  MESSAGES_MAX = 400, /* each way */
  TOPICS = 3,
};

/* What is known of a message, on both ends. */
typedef struct fate {
  midge_qos qos;
  uint8_t topic;
  bool accepted; /* the session took it */
  bool stored;   /* and every record up to then was committed */
  bool lost;     /* a crash took it before that, or its session is gone */
  bool refused;  /* the broker says no to it, each time */
  bool limited;  /* it may end without the broker's answer */
  unsigned done; /* how many times the session said so */
  midge_status status;
  unsigned arrived; /* at the other end */
} fate;

/* Drawn from the seed. */
typedef struct weather {
  midge_version version;
  bool durable, alias_auto, by_hand;
  bool eager; /* the program subscribes on every connection */
  uint16_t receive_max, in_flight_max, broker_window, alias_max;
  uint32_t cut, crash, lose_session, refuse, slow_commit, stall;
  uint32_t limits, leave; /* wishes with time limits, goodbyes */
  uint16_t breaks_max;    /* 0: the server ends no connection */
  uint32_t chunk_max;
  uint32_t messages;
} weather;

/* A message of the broker for us. */
typedef struct outgoing {
  uint32_t number;
  uint16_t id; /* 0: waits */
  bool released;
} outgoing;

typedef struct broker {
  bool connected, greeted, has_session, subscribed;
  bool received[65536]; /* QoS 2, between PUBLISH and PUBREL */
  outgoing queue[MESSAGES_MAX];
  size_t queue_count, in_flight;
  uint16_t last_id;
  pipe_bytes in, aliases[16];
} broker;

/* Who uses a packet identifier of the session, as its packets say. */
typedef struct usage {
  midge_packet_type type; /* 0: nobody */
  midge_qos qos;
  bool released;   /* PUBREL was sent */
  bool acked;      /* the answer was delivered; a crash may forget it */
  bool this_time;  /* PUBLISH was sent on this connection */
  uint32_t number; /* of the message */
} usage;

typedef struct monitor {
  usage use[65536];
  pipe_bytes sent, delivered;
  bool first_sent, goodbye, resumed;
  uint32_t receive_max; /* of the server, on this connection */
  uint32_t window;      /* QoS 1 and 2 of this connection not yet answered */
  struct {
    midge_packet_type type;
    uint16_t id;
  } owed[MESSAGES_MAX * 4]; /* answers we owe, in order */
  size_t owed_first, owed_count;
} monitor;

typedef struct record {
  uint64_t key, position;
  uint8_t *value;
  size_t size;
  struct record *next;
} record;

typedef struct world {
  uint64_t seed, steps;
  dice dice;
  weather weather;
  midge_time now;
  memory memory;
  midge_session *session;
  bool linked, opened, closed, healed, crashed, session_was_lost;
  bool leaving;
  bool subscribes; /* as soon as it may */
  pipe_bytes to_broker, to_client;
  record *committed, *pending;
  uint64_t position;
  bool commits;
  midge_time commit_at;
  broker broker;
  monitor monitor;
  fate out[MESSAGES_MAX], in[MESSAGES_MAX];
  uint32_t published, sent_by_broker;
  uint64_t trace; /* a hash of everything that happened */
  uint32_t cuts, crashes, losses;
  uint32_t by_hand[MESSAGES_MAX * 4];
  size_t by_hand_count;
} world;

void world_fail(const world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
#define CHECK(w, condition, ...)                  \
  do {                                            \
    if (!(condition)) world_fail(w, __VA_ARGS__); \
  } while (0)

void world_trace(world *w, const void *bytes, size_t size);
/* "17" of a payload. */
uint32_t payload_number(midge_slice payload);

/* --- broker.c ---------------------------------------------------------------
 */
void broker_connected(world *w);
void broker_disconnected(world *w);
void broker_received(world *w, const uint8_t *bytes, size_t size);
void broker_publish(world *w);
void broker_lose_session(world *w);

/* --- monitor.c: what the session does, seen from outside --------------------
 */
void monitor_connected(world *w);
void monitor_sent(world *w, const uint8_t *bytes, size_t size);
void monitor_delivered(world *w, const uint8_t *bytes, size_t size);
void monitor_crashed(world *w);
/* The session has ended a message without an answer. */
void monitor_given_up(world *w, uint32_t number);

/* --- world.c ----------------------------------------------------------------
 */
/* Run the seed to its end; the hash of its trace. */
uint64_t world_run(uint64_t seed, bool verbose);

#endif
