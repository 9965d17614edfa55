/* The world of one seed: a program with a client, a driver that does for the
 * client's link what the reactor does, a network that fails, and a broker that
 * follows the specification.
 *
 *   program.c   the calls of the program, and when
 *   events.c    what it is told, and whether that may be
 *   driver.c    the link's third column, done
 *   lease.c     some of it done by the program's thread
 *   network.c   bytes on their way, and what becomes of them
 *   disk.c      the records of a durable session, and what rests on them
 *   absent.c    those that the session has no memory for
 *   inbox.c     messages to us that the program is not done with
 *   back.c      a broker that sends PUBLISH again after PUBREL
 *   process.c   that it dies, and what the next one finds
 *   monitor.c   the rules that can be seen on the wire alone
 *   broker.c    chapter 4 of the specification
 *   weather.c   how often things go wrong
 *   world.c     one seed from its first step to its last */
#ifndef MIDGE_TEST_MODEL_H
#define MIDGE_TEST_MODEL_H

#include "link/link.h"
#include "simulate/dice.h"
#include "simulate/hits.h"
#include "simulate/pipe.h"
#include "simulate/weather.h"
#include "transcript/memory.h"

enum {
  REQUESTS_MAX = 120, /* publishes, subscribes and unsubscribes of a seed */
  MESSAGES_MAX = 80,  /* of the broker for us */
  TOPICS = 3,
  FILTERS = 6, /* the first is the one that all messages come by */
  CONNS_MAX = 6,
  MAIL_MAX = 256,
  INBOX_MAX = 1024,
  SLICES_MAX = 8,
  BREAKS_MAX = 5, /* the session's default */
};

/* --- The one fault of a world that has no others ---------------------------
 */

typedef enum cut_kind { CUT_FIN, CUT_RST, CUT_SILENT, CUT_KINDS } cut_kind;

typedef enum crash_kind {
  CRASH_NONE,
  CRASH_LOSES, /* what is not committed is lost */
  CRASH_KEEPS, /* it is in the file, though nobody was told */
  CRASH_KINDS
} crash_kind;

/* The connection is cut behind byte `at` of a direction, while commit `hold`
 * is under way, and then the process dies, or not. */
typedef struct plan {
  bool on, due, done;
  bool to_client; /* the direction */
  uint64_t at;
  cut_kind kind;
  uint64_t hold; /* so many commits are made before */
  crash_kind crash;
} plan;

/* --- The network -----------------------------------------------------------
 */

typedef enum ending { END_NONE, END_FIN, END_RST } ending;

/* One direction of a connection. */
typedef struct lane {
  pipe_bytes bytes;
  midge_time moves_at;
  ending ending; /* behind the bytes */
  bool dead;     /* nothing moves any more, and nobody is told */
} lane;

typedef struct conn {
  uint32_t attempt; /* of the link; 0: free */
  unsigned place;   /* where it leads */
  bool held;        /* our side of it is open */
  bool up;          /* and told to the link */
  bool refused;
  midge_time up_at; /* MIDGE_NEVER: the dial is not answered */
  lane to_broker, to_client;
  bool shut; /* our side has ended its stream */

  /* A write that waits: the slices are the link's. */
  midge_slice slices[SLICES_MAX];
  size_t slice_count;
  bool writing, write_stays;
  uint64_t write_hash;
  midge_time write_ends;
  pipe_bytes copy; /* of output that does not stay */
  pipe_bytes rest; /* came in and was not taken */
  bool reads;      /* as the driver asked last */

  /* Why it may end without the link being at fault; and until when its
   * silence has an excuse. */
  bool faulty;
  midge_time heard, written, excused;

  /* At the broker. */
  bool at_broker, asked_proxy, greeted, mute;
  midge_version version;
  pipe_bytes in, aliases[4];
  uint16_t window;
} conn;

/* --- The broker ------------------------------------------------------------
 */

/* A message of the broker for us. */
typedef struct outgoing {
  uint32_t number;
  uint16_t id; /* 0: waits */
  bool released;
  bool known; /* the client cannot have sent PUBCOMP: it has to know the id */
  bool back;  /* PUBLISH again, after PUBREL */
} outgoing;

typedef struct broker {
  bool has_session, ends_with_connection;
  bool filters[FILTERS];
  bool denied[FILTERS];        /* the last SUBSCRIBE of it was refused */
  uint32_t epoch;              /* sessions so far */
  uint8_t received[65536 / 8]; /* QoS 2, between PUBLISH and PUBREL */
  outgoing queue[MESSAGES_MAX];
  size_t queue_count, in_flight;
  uint16_t last_id;
} broker;

/* --- What is known of each wish and each message ---------------------------
 */

typedef enum request_kind {
  REQUEST_PUBLISH,
  REQUEST_SUBSCRIBE,
  REQUEST_UNSUBSCRIBE
} request_kind;

typedef struct request {
  request_kind kind;
  midge_qos qos;
  uint8_t topic;  /* or the filter */
  bool counted;   /* it has a token: its end is told */
  bool told;      /* to the link */
  bool refused;   /* the broker says no to it, each time */
  bool poison;    /* the broker closes over it, each time */
  bool cancelled; /* the program wished so */
  bool waits;     /* for the end of a goodbye, in the link */
  bool idle;      /* no connection was asked for when the link was told */
  bool stored;    /* told so */
  bool sent;      /* PUBLISH has left whole */
  /* Of QoS 0: it has a record; and that one was deleted since it was safe. */
  bool recorded, taken_back;
  bool discarded; /* by somebody else, out of the file */
  bool gone;      /* with its process: nobody will hear of it */
  bool restored;  /* from the store, by a later process */
  bool damaged;   /* there, and of no use */
  bool ended;     /* its end was told by a former process */
  bool done;
  midge_status status;
  uint8_t reason; /* of a subscribe */
  uint32_t ttl_ms, timeout_ms, cost;
  midge_time at, early; /* a session's clock stands while it is late */
  uint32_t partings;    /* of the program when it was made */
  uint32_t finished;    /* connects, when the link was told */
  uint32_t breaks;      /* streams that the server had ended by then */
  unsigned arrived;
  uint32_t epoch; /* of the broker's session in which it arrived last */
} request;

typedef struct message {
  midge_qos qos;
  uint8_t topic;
  bool lost;     /* the session it was for is gone */
  bool answered; /* so that it must not come again */
  bool again;    /* it may, as its process died before the answer */
  bool unsure;   /* its record was damaged, or may have been */
  bool behind;   /* newer ones: the broker has gone back with it */
  bool accepted; /* the program has acknowledged it */
  unsigned told;
  uint64_t delivery, epoch; /* its key in the inbox, as it was told last */
  /* The position of its newest record there, also when that has gone since. */
  uint64_t kept_at;
} message;

/* Who uses a packet identifier of the session, as its packets say. */
typedef struct usage {
  midge_packet_type type; /* 0: nobody */
  midge_qos qos;
  bool released;   /* PUBREL was sent */
  bool acked;      /* the answer was delivered */
  bool doubtful;   /* but perhaps not heard */
  bool this_time;  /* PUBLISH was sent on this connection */
  uint32_t number; /* of the request */
} usage;

typedef struct monitor {
  usage use[65536];
  unsigned highest; /* identifier ever used */
  pipe_bytes sent, delivered;
  midge_version version;
  bool head_sent, head_delivered; /* of the proxy's HTTP */
  bool first_sent, goodbye, resumed, accepted;
  bool clean, passing;  /* this CONNECT begins anew; the last one did */
  bool parted;          /* the server has said DISCONNECT */
  bool stranger;        /* the server has a session that we know nothing of */
  bool unsure;          /* our side has lost which identifiers are in use */
  uint32_t receive_max; /* of the server, on this connection */
  uint32_t window;      /* QoS 1 and 2 of this connection not yet answered */
  uint32_t keep_alive_s;
  struct {
    midge_packet_type type;
    uint16_t id;
    bool paid;
    uint32_t number;        /* of the message */
    uint64_t since;         /* what was recorded when it came */
  } owed[MESSAGES_MAX * 4]; /* answers we owe, in order */
  size_t owed_count;
  bool completions[65536]; /* PUBREL came, PUBCOMP is owed */
  uint16_t highest_completion;
} monitor;

/* --- The program -----------------------------------------------------------
 */

typedef struct letter {
  midge_time at;
  midge_wish *wish;
} letter;

typedef struct program {
  bool asked;            /* as midge_client keeps it: what its calls look at */
  uint32_t connects;     /* so far */
  bool closed;           /* the handle was given up */
  uint32_t partings;     /* disconnect, abort, close, and final CLOSED */
  letter mail[MAIL_MAX]; /* wishes on their way to the link */
  size_t mail_count;
  midge_time next_call, next_publish, next_message, resume_at, let_go_at;
  bool paused;
  struct {
    uint16_t id;
    midge_qos qos;
    uint32_t attempt, number;
    uint64_t delivery;
  } to_acknowledge[MESSAGES_MAX * 4];
  size_t acknowledge_count;
  uint32_t opened;     /* the attempt of the last OPENED */
  uint32_t user;       /* the name given last */
  uint32_t ask_number; /* the attempt that waits for it */
  midge_time ask_at;
  midge_time unasked_at; /* a final CLOSED is noticed then */
  uint32_t unasked_connect;
  uint32_t goodbyes; /* graceful ones in calm weather, which must be heard */
} program;

/* A record as it is in the file; without a value, that it is not there. */
typedef struct kept {
  uint64_t key, position;
  uint8_t *value;
  size_t size;
} kept;

typedef struct kept_list {
  kept *all;
  size_t count, room;
} kept_list;

/* Positions of records are counted on from one process to the next. */
typedef struct disk {
  uint64_t base; /* all those of former processes */
  uint64_t written, committing, committed;
  uint64_t commits;      /* that were begun */
  bool busy;             /* a commit is under way */
  midge_time commits_at; /* MIDGE_NEVER: it does not end */
  midge_status outcome;  /* of it; MIDGE_EERRNO: written, and not told */
  midge_time full_until;
  kept_list file; /* by key */
  kept_list log;  /* by position: what is not in the file for certain */
  bool knows;     /* the session is in the file, or was opened since */
  size_t restored, restored_bytes, damaged;
  bool lost;  /* the file is, with all that was stored */
  bool stale; /* what was in flight is damaged, or may be */
  uint64_t published[REQUESTS_MAX], received[65536];
  uint64_t freed[65536]; /* when the newest record was that it is gone */
  uint64_t marked[65536], released[65536];
  uint16_t highest;            /* identifier in them */
  uint64_t keys[REQUESTS_MAX]; /* of messages, 0: none */
  struct {
    uint64_t key, position;
    size_t size;
  } inbox[INBOX_MAX]; /* what has a record there */
  size_t inbox_count;
  /* Those between two keys are to be read, once so much is committed. */
  bool wanted;
  uint64_t first_wanted, last_wanted, wanted_behind;
  midge_time loads_at;
} disk;

/* What the link has said and been told, as far as it can be judged. */
typedef struct life {
  bool wanted;       /* connect was told last, and has not ended */
  bool goodbye;      /* the program has ended the attempt under way */
  bool kicked;       /* or wants another */
  uint32_t connect;  /* the last told */
  uint32_t served;   /* by the last attempt */
  uint32_t parted;   /* the last that the program ended itself */
  uint32_t finished; /* connects up to this one had their last CLOSED */
  uint32_t attempt;  /* the last that began */
  bool running;      /* and has not ended */
  bool opened, ended;
  midge_time began, opened_at, retry_from, retry_at, goodbye_at;
  uint32_t retry;      /* expected of the next CONNECTING */
  bool asking;         /* CONNECTING was told, and nobody has proceeded */
  bool after_reset;    /* no delay since a stable link */
  uint32_t followed;   /* references in a row without a stable link */
  unsigned expected;   /* the place of the next dial; PLACES_MAX: not known */
  unsigned moved;      /* where a reference sends us; PLACES_MAX: nowhere */
  unsigned home;       /* where it is told to go, of one server */
  bool told_late;      /* a wish came between events of this turn */
  bool held;           /* messages are */
  uint64_t ended_step; /* with a last CLOSED */
  bool owes_end;       /* a request was ended as at the end of a connect */
  uint32_t user;       /* that CONNECT is to carry */
  size_t freed_messages, freed_bytes, told_messages, told_bytes;
} life;

/* Whose turn it is. */
typedef struct lease {
  bool wakes; /* the driver, for something that happened in this step */
  midge_time wakes_at; /* its timer, by the process's clock */
  midge_time owed_at;  /* it is told of what it owes; MIDGE_NEVER: of nothing */
} lease;

typedef struct world {
  uint64_t seed, steps;
  dice dice;
  weather weather;
  midge_time now, before; /* of this step, and of the one before */
  memory memory;
  midge_link *link;
  bool healed, verbose, leaving;
  bool dying;     /* the process, before it does anything else */
  unsigned kills; /* so far */
  int64_t skew;   /* of the process's clock */
  plan plan;
  uint64_t moved[2]; /* bytes to the broker, and to us */
  conn conns[CONNS_MAX];
  conn *conn; /* ours; or null */
  broker broker;
  monitor monitor;
  disk disk;
  program program;
  life life;
  lease lease;
  request requests[REQUESTS_MAX];
  uint32_t request_count;
  message messages[MESSAGES_MAX];
  uint32_t message_count;
  uint32_t breaks;    /* streams that the server has ended */
  midge_time wake_at; /* something else happens then */
  midge_time end_by;  /* the program has closed: ENDED is due */
  uint64_t trace;     /* a hash of everything that happened */
} world;

void world_fail(const world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));
#define CHECK(w, condition, ...)                  \
  do {                                            \
    if (!(condition)) world_fail(w, __VA_ARGS__); \
  } while (0)

void world_trace(world *w, const void *bytes, size_t size);
/* A line of the story, when somebody reads it; and part of the trace. */
void world_say(world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void world_hit(hit what);
bool world_chance(world *w, uint32_t rate);
uint32_t world_roll(world *w, uint32_t sides);

/* "17" of a payload, whose rest must be as request_payload made it. */
uint32_t payload_number(midge_slice payload);
size_t payload_make(world *w, uint8_t *room, uint32_t number);
void payload_check(const world *w, midge_slice payload);
enum { PAYLOAD_ROOM = 8192 };

/* --- broker.c --- */
void broker_connected(world *w, conn *c);
void broker_ended(world *w, conn *c);
void broker_received(world *w, conn *c, const uint8_t *bytes, size_t size);
void broker_publish(world *w, midge_qos qos);
void broker_lose_session(world *w);
/* Something a broker does by itself. */
void broker_acts(world *w, conn *c);
conn *broker_conn(const world *w);

/* --- network.c --- */
conn *network_dial(world *w, const midge_place *place);
/* Our side lets go of it. */
void network_drop(world *w, conn *c);
void network_send(world *w, conn *c, const uint8_t *bytes, size_t size);
void network_answer(world *w, conn *c, const midge_packet *packet);
/* The broker closes its side when what it has sent has arrived. */
void network_close(world *w, conn *c, ending how);
void network_cut(world *w, conn *c);
/* As the plan says. */
void network_cut_off(world *w);
void network_move(world *w);
midge_time network_next(const world *w);
bool network_is_quiet(const world *w);
void network_free(world *w);
unsigned place_named(midge_slice host);
extern const char *const place_names[PLACES_MAX];
enum {
  PLACE_A,
  PLACE_B,
  PLACE_C,
  PLACE_PROXY,
  PLACE_GIVEN,
  PLACE_R1,
  PLACE_R2,
  PLACE_R3
};

/* --- driver.c --- */
void driver_open(world *w);
/* Tell the link what came in, what is late, and do what it wants. */
/* First in every turn, before the link can know that an attempt is over. */
void driver_settle(world *w);
void driver_turn(world *w);
void driver_write(world *w, conn *c);
/* Some output, at once or not at all. */
bool driver_try(world *w, conn *c, bool *fails);
void driver_mind_freed(world *w);
void driver_mind_reading(world *w);
void driver_receive(world *w, conn *c, const uint8_t *bytes, size_t size);
void driver_end(world *w, conn *c, ending how, const char *code);
void driver_drop(world *w);
/* The time as the process has it. */
midge_time driver_clock(const world *w);
/* The process is dead: what the system has taken of its output leaves. */
void driver_die(world *w);

/* --- lease.c --- */
void lease_begin(world *w);
/* Something happens that the driver tells the link. */
void lease_wake(world *w);
/* It is done with that, perhaps, and waits again. */
void lease_give(world *w);
/* The program's thread tells the link the wish and sends what comes of it;
 * false: it is the driver's to tell. */
bool lease_takes(world *w, const midge_wish *wish);
/* It reads what has come, and then does what it can; false: it does not. */
bool lease_reads(world *w);
void lease_settle(world *w);
/* The driver's turn, if it does not sleep. */
void lease_turn(world *w);
midge_time lease_next(const world *w);

/* --- disk.c --- */
void disk_open(world *w);
void disk_take(world *w);
void disk_move(world *w);
midge_time disk_next(const world *w);
size_t disk_place(const world *w, uint64_t key);
midge_record disk_record(const world *w, const kept *of);
void disk_remove(world *w, size_t at);
bool disk_is_safe(const world *w, uint64_t position);
void disk_published(const world *w, uint32_t number, uint16_t id);
void disk_fleeting(const world *w, uint32_t number);
void disk_received(const world *w, uint16_t id);
void disk_released(const world *w, uint16_t id);
void disk_stored(world *w, const midge_event *event);
void disk_done(const world *w, uint32_t number);
/* The process is dead: what is in the file then. */
void disk_crash(world *w);
/* Whether the file has the message of a request. */
bool disk_has(const world *w, uint32_t number);
void disk_free(world *w);

/* --- absent.c --- */
/* Where in the file those begin that are not restored; the end of the messages
 * of QoS 1 and 2 if all are. Then what is behind them. */
size_t absent_from(const world *w);
size_t absent_restore(world *w, size_t at);
void absent_ask(world *w);
void absent_move(world *w);
midge_time absent_next(const world *w);

/* --- inbox.c --- */
bool inbox_has(uint64_t key);
uint32_t inbox_number(const world *w, const kept *of);
void inbox_note(world *w, const midge_record *record, uint64_t position);
void inbox_owes(world *w, size_t size);
void inbox_answered(const world *w, midge_packet_type type, uint16_t id,
                    uint32_t number, uint64_t since);
void inbox_told(world *w, const midge_event *event, uint32_t number);
void inbox_crash(world *w);
void inbox_judge(const world *w);

/* --- back.c --- */
void back_go(world *w, const conn *c, outgoing *o);
void back_released(world *w, uint16_t id);
void back_broken(world *w);
void back_crash(world *w);

/* --- process.c --- */
/* At any moment between two things it does: true if it is dead now. */
bool process_dies(world *w);
/* It is, and the next one begins. */
void process_restart(world *w);

/* --- monitor.c --- */
void monitor_connected(world *w);
void monitor_sent(world *w, const uint8_t *bytes, size_t size);
void monitor_delivered(world *w, const uint8_t *bytes, size_t size);
void monitor_time(world *w);
/* The process is dead. */
void monitor_crash(world *w);
/* A message of QoS 1 in flight is no longer in the file. */
void monitor_discarded(world *w, uint32_t number);
/* The file says that a message has this identifier. */
void monitor_restored(world *w, uint16_t id, bool released, uint32_t number);

/* --- program.c --- */
void program_acts(world *w);
void program_calls(world *w);
void program_tell(world *w, midge_wish *wish);
void program_deliver(world *w);
midge_time program_next(const world *w);
void program_connect(world *w);
void program_disconnect(world *w, bool force);
void program_close(world *w);
void program_publish(world *w, midge_qos qos);
void program_unsubscribe(world *w, unsigned filter);
void program_subscribe(world *w, unsigned filter);
void program_let_go(world *w);
/* The process is dead, with all it had not told the link. */
void program_die(world *w);
void program_free(world *w);

/* --- asks.c: the option `ask` --- */
void ask_begin(world *w, uint32_t attempt);
void ask_answer(world *w);
void ask_told(world *w, const midge_wish *wish);

/* --- events.c --- */
void events_take(world *w, const midge_event *event);
void events_told(world *w, const midge_wish *wish);
void events_time(world *w);

/* The process is dead: what nobody will hear of, and what must be there. */
void events_crash(world *w);

/* --- world.c --- */
/* The process dies once it has taken so much processor time from now on: how
 * busy the machine is does not matter. */
void world_watch(unsigned seconds);
void world_begin_life(world *w);
world *world_new(uint64_t seed, bool verbose);
void world_step(world *w);
/* No more faults, until all is done; and whether all is well then. */
void world_converge(world *w);
void world_close(world *w);
void world_free(world *w);
/* The QoS that a publish is sent with, as far as it is sent. */
midge_qos world_qos(const world *w, const request *r);
/* Run the seed to its end; the hash of its trace. */
uint64_t world_run(uint64_t seed, bool verbose);
extern uint64_t *world_hits; /* HIT_COUNT of them */

#endif
