/* Messages of QoS 1 and 2 on their way in: which answers we owe, and which
 * identifiers of QoS 2 are ours until PUBREL.
 *
 * Answers leave in the order of the messages [MQTT-4.6.0-2, -3]: the oldest
 * debt is paid first, however the program answers. */
#ifndef MIDGE_ENGINE_INBOX_H
#define MIDGE_ENGINE_INBOX_H

#include "base/map.h"
#include "base/ring.h"
#include "base/sparse.h"
#include "midge/packet.h"

/* A PUBACK or PUBREC that is owed. Debts are numbered one after the other. */
typedef struct midge_debt {
  uint32_t next; /* listed one of the same identifier; in a circle */
  uint16_t packet_id;
  uint8_t qos;
  uint8_t reason;
  bool listed;   /* until it is answered it is found by its identifier */
  bool handed;   /* the program has the message */
  bool answered; /* by the program, or by handing the message out */
  bool withheld; /* and paid by nothing */
} midge_debt;

typedef struct midge_inbox {
  midge_ring debts; /* of midge_debt; this connection's */
  uint32_t first;   /* number of the oldest debt */
  /* Identifier to the number of its newest listed debt, from which the circle
   * leads to the oldest. Answers mostly come in the order of the messages: the
   * debts from `unmapped` on are entered when one is looked for that is not the
   * oldest. */
  midge_map listed;
  uint32_t unmapped;      /* a number */
  size_t unmapped_listed; /* how many of those are listed */
  /* QoS 2 identifiers between PUBLISH and PUBREL, or behind that if it could
   * not be answered; the session's. Some owe PUBCOMP: their PUBREL came on this
   * connection, and the program has not answered. */
  midge_sparse received;
  uint32_t life; /* how often the identifiers were forgotten */
  uint32_t used; /* of our Receive Maximum, on this connection */
} midge_inbox;

/* What is known of an identifier. */
typedef enum midge_inbound_state {
  MIDGE_INBOUND_NEW,      /* it is nobody's */
  MIDGE_INBOUND_WAITS,    /* the message has not been handed out */
  MIDGE_INBOUND_HANDED,   /* the program has it and has not answered */
  MIDGE_INBOUND_ANSWERED, /* PUBREC is sent, or owed and free to go */
  /* PUBREL came on an earlier connection, whose end was before PUBCOMP: as
   * ANSWERED for a PUBLISH with DUP, and as NEW for one without. */
  MIDGE_INBOUND_COMPLETED,
  /* With `at_release`, PUBREC is sent, or recorded and free to go: */
  MIDGE_INBOUND_PARKED,   /* PUBREL is awaited */
  MIDGE_INBOUND_RELEASED, /* PUBREL has come; as WAITS */
  MIDGE_INBOUND_TOLD,     /* as HANDED */
} midge_inbound_state;

void midge_inbox_init(midge_inbox *inbox, const midge_allocator *allocator);
void midge_inbox_free(midge_inbox *inbox);
/* A new connection owes nothing; the server sends again what it misses. */
void midge_inbox_rewind(midge_inbox *inbox);
/* A new session knows no identifier. */
void midge_inbox_forget(midge_inbox *inbox);

midge_inbound_state midge_inbox_state(const midge_inbox *inbox,
                                      uint16_t packet_id);
/* Not to NEW. False when there is no memory, which an identifier that is there
 * does not need. */
MIDGE_CHECKED bool midge_inbox_set_state(midge_inbox *inbox, uint16_t packet_id,
                                         midge_inbound_state state);
void midge_inbox_remove(midge_inbox *inbox, uint16_t packet_id);

/* A PUBLISH came; its debt is the newest then. False when there is no
 * memory. */
MIDGE_CHECKED bool midge_inbox_owe(midge_inbox *inbox, midge_debt debt);
static inline uint32_t midge_inbox_newest(const midge_inbox *inbox) {
  return inbox->first + (uint32_t)inbox->debts.count - 1;
}
/* The debt of this number, or null when it is paid or of another connection. */
midge_debt *midge_inbox_debt(const midge_inbox *inbox, uint32_t number);
/* The oldest listed debt with this identifier, or null. */
midge_debt *midge_inbox_listed(midge_inbox *inbox, uint16_t packet_id);
/* One that is not listed, or the oldest of its identifier, is answered. */
void midge_inbox_answer(midge_inbox *inbox, midge_debt *debt, uint8_t reason);
/* The oldest debt if it may be paid; then it is gone. */
bool midge_inbox_pay(midge_inbox *inbox, midge_debt *debt);
/* The oldest debt is of QoS 1 and this identifier, the program has its message,
 * and has answered none that is newer: then it is gone, as answered and
 * paid. */
bool midge_inbox_settle(midge_inbox *inbox, uint16_t packet_id);
/* A place in our Receive Maximum is free again. */
void midge_inbox_free_place(midge_inbox *inbox);

/* PUBREL came on this connection, for the first time: PUBCOMP is owed until the
 * identifier, which is there, is removed or another connection begins. */
void midge_inbox_owe_completion(midge_inbox *inbox, uint16_t packet_id);
/* The same of one that was parked, and is released. */
void midge_inbox_release(midge_inbox *inbox, uint16_t packet_id);
bool midge_inbox_owes_completion(const midge_inbox *inbox, uint16_t packet_id);

/* The program has one that was released, and owes PUBCOMP: then it is nobody's
 * any more. */
bool midge_inbox_complete(midge_inbox *inbox, uint16_t packet_id);

#endif
