#include "engine/publish_in.h"

#include <assert.h>

#include "base/slice.h"
#include "codec/reason.h"
#include "engine/closing.h"
#include "engine/control.h"
#include "engine/keep.h"
#include "engine/pump.h"
#include "engine/records.h"
#include "engine/release.h"
#include "engine/tell.h"

/* The topic of the message, through its alias if it has one; then it may lie
 * elsewhere than in the receiver's buffer. False breaks the connection. */
static bool resolve_topic(midge_session *session, const midge_packet *packet,
                          midge_slice *topic, uint16_t *alias,
                          bool *elsewhere) {
  midge_property property;
  *topic = packet->publish.topic;
  *elsewhere = false;
  *alias = 0;
  if (!midge_property_find(packet->properties, MIDGE_TOPIC_ALIAS, &property))
    return true;

  *alias = (uint16_t)property.number;
  if (*alias > session->aliases_in.max) {
    midge_session_break(session, MIDGE_REASON_TOPIC_ALIAS_INVALID,
                        "a topic alias above our Topic Alias Maximum");
    return false;
  }
  if (topic->size != 0) {
    if (midge_aliases_map(&session->aliases_in, *alias, *topic)) return true;
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  midge_buffer *mapped = midge_aliases_topic(&session->aliases_in, *alias);
  if (mapped == NULL) {
    midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                        "a topic alias that was not mapped");
    return false;
  }
  *topic = midge_buffer_slice(mapped);
  *elsewhere = true;
  return true;
}

/* An event has one buffer: when the topic is not in the receiver's, topic,
 * properties and payload move to one of their own. Null when there is no
 * memory. */
static midge_buffer *gather(const midge_allocator *allocator,
                            midge_packet *packet) {
  midge_slice *slices[] = {&packet->publish.topic, &packet->properties,
                           &packet->publish.payload};
  enum { COUNT = sizeof slices / sizeof *slices };
  size_t size = 0;
  for (size_t i = 0; i < COUNT; i++) size += slices[i]->size;
  midge_buffer *buffer = midge_buffer_new(allocator, size);
  if (buffer == NULL) return NULL;

  uint8_t *to = buffer->data;
  for (size_t i = 0; i < COUNT; i++) {
    uint8_t *end = midge_slice_copy(to, *slices[i]);
    slices[i]->data = to;
    to = end;
  }
  return buffer;
}

static bool push_message(midge_session *session, const midge_packet *packet,
                         uint16_t alias, midge_buffer *buffer) {
  midge_queued_message *queued =
      midge_events_push_message(&session->events, buffer);
  if (queued == NULL) return false;
  midge_queued_fill(queued, packet, buffer);
  queued->alias = alias;
  queued->by_alias = buffer != session->receiver.buffer;
  queued->owed = (midge_owed){.debt = midge_inbox_newest(&session->inbox),
                              .life = session->inbox.life};
  session->events.bytes += midge_queued_bytes(queued);
  return true;
}

/* False: the connection has failed for want of memory. */
static bool tell_message(midge_session *session, const midge_packet *packet,
                         midge_slice topic, uint16_t alias, bool elsewhere) {
  bool pushed;
  if (elsewhere) {
    midge_packet gathered = *packet;
    gathered.publish.topic = topic;
    midge_buffer *buffer = gather(&session->allocator, &gathered);
    pushed = buffer != NULL && push_message(session, &gathered, alias, buffer);
    midge_buffer_release(buffer);
  } else {
    pushed = push_message(session, packet, alias, session->receiver.buffer);
  }
  if (!pushed) midge_session_fail(session, MIDGE_ENOMEM, NULL);
  return pushed;
}

/* [MQTT-3.3.4-9]. Before MQTT 5 nobody promised the server less than there are
 * packet identifiers, and who is lenient makes do with that. */
static uint32_t unanswered_max(const midge_session *session) {
  const midge_session_options *options = &session->options;
  bool binds =
      session->version == MIDGE_MQTT_5 && !options->receive_max_lenient;
  return binds ? options->receive_max : UINT16_MAX;
}

/* One that is withheld keeps its place, which is the server's to free. */
static void pay(midge_session *session, const midge_debt *debt) {
  midge_inbox *inbox = &session->inbox;
  if (debt->withheld) return;
  if (debt->qos == MIDGE_AT_LEAST_ONCE) {
    midge_inbox_free_place(inbox);
    midge_session_control(session, MIDGE_PUBACK, debt->packet_id, debt->reason);
    return;
  }
  if (debt->reason >= 0x80) { /* the identifier is free [MQTT-4.3.3-9] */
    midge_inbox_free_place(inbox);
    midge_inbox_remove(inbox, debt->packet_id);
    midge_session_record_inbound(session, debt->packet_id, false);
  }
  midge_session_control(session, MIDGE_PUBREC, debt->packet_id, debt->reason);
}

static void pay_debts(midge_session *session) {
  midge_debt debt;
  while (midge_session_is_open(session) &&
         midge_inbox_pay(&session->inbox, &debt))
    pay(session, &debt);
}

/* In our Receive Maximum; false: there was none left. */
static bool take_place(midge_session *session) {
  midge_inbox *inbox = &session->inbox;
  uint32_t most = unanswered_max(session);
  if (inbox->used >= most) {
    midge_session_break(
        session, MIDGE_REASON_RECEIVE_MAXIMUM_EXCEEDED,
        most == UINT16_MAX
            ? "more unanswered messages than there are packet identifiers"
            : "more messages than our Receive Maximum: some servers do not "
              "keep to it, leave it out there");
    return false;
  }
  inbox->used++;
  return true;
}

/* PUBREL of a message has come, and with it the end of what its identifier has
 * to be known for [MQTT-4.3.3-10], but for one that may be sent again. */
static bool is_over(const midge_inbox *inbox, uint16_t packet_id) {
  midge_inbound_state state = midge_inbox_state(inbox, packet_id);
  bool waits = state == MIDGE_INBOUND_RELEASED || state == MIDGE_INBOUND_TOLD;
  return state == MIDGE_INBOUND_COMPLETED ||
         (waits && midge_inbox_owes_completion(inbox, packet_id));
}

/* What is known of a message of QoS 2. PUBREL of the last one with this
 * identifier may have come, so that it may be another's: of that one a server
 * makes a new PUBLISH [MQTT-4.3.3-2], and some do not wait for PUBCOMP, which
 * the last one is not answered with any more. */
static midge_inbound_state state_of(midge_session *session,
                                    const midge_packet *packet) {
  midge_inbox *inbox = &session->inbox;
  uint16_t packet_id = packet->publish.packet_id;
  midge_inbound_state state = midge_inbox_state(inbox, packet_id);
  if (packet->publish.duplicate || !is_over(inbox, packet_id)) return state;
  if (state != MIDGE_INBOUND_COMPLETED) midge_inbox_free_place(inbox);
  midge_inbox_remove(inbox, packet_id);
  midge_session_record_inbound(session, packet_id, false);
  return MIDGE_INBOUND_NEW;
}

/* We owe an answer; true if the program is to have the message. */
static bool owe(midge_session *session, const midge_packet *packet) {
  midge_inbox *inbox = &session->inbox;
  uint16_t packet_id = packet->publish.packet_id;
  midge_debt debt = {.packet_id = packet_id,
                     .qos = (uint8_t)packet->publish.qos};
  midge_inbound_state state = MIDGE_INBOUND_NEW;
  if (packet->publish.qos == MIDGE_EXACTLY_ONCE) {
    state = state_of(session, packet);
    debt.listed = state == MIDGE_INBOUND_WAITS || state == MIDGE_INBOUND_HANDED;
    debt.answered = state != MIDGE_INBOUND_NEW && !debt.listed;
    if (state == MIDGE_INBOUND_NEW &&
        !midge_inbox_set_state(inbox, packet_id, MIDGE_INBOUND_WAITS)) {
      midge_session_fail(session, MIDGE_ENOMEM, NULL);
      return false;
    }
  }
  /* The first one of a message is found by its event, unless the program
   * answers by hand. */
  if (session->options.acknowledge_by_hand) debt.listed = !debt.answered;
  if (!midge_inbox_owe(inbox, debt)) {
    bool is_entered =
        state == MIDGE_INBOUND_NEW && debt.qos == MIDGE_EXACTLY_ONCE;
    if (is_entered) midge_inbox_remove(inbox, packet_id);
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  pay_debts(session);
  return state == MIDGE_INBOUND_NEW; /* [MQTT-4.3.3-10] */
}

/* Of QoS 2, to be handed out at PUBREL: true if nothing is left to do. It waits
 * for no answer of the program, as it does not come before we have given ours;
 * repeated, it is answered again [MQTT-4.3.3-10]. */
static bool accept(midge_session *session, const midge_packet *packet,
                   midge_slice topic, uint16_t alias, bool elsewhere) {
  uint16_t packet_id = packet->publish.packet_id;
  if (packet->publish.qos != MIDGE_EXACTLY_ONCE) return false;
  if (!session->options.at_release || session->options.accept_by_hand ||
      session->options.inbox)
    return false;
  if (state_of(session, packet) != MIDGE_INBOUND_NEW) {
    midge_session_control(session, MIDGE_PUBREC, packet_id, 0);
    return true;
  }
  midge_packet resolved = *packet;
  resolved.publish.topic = topic;
  midge_session_park(session, &resolved, alias, packet->publish.topic.size == 0,
                     elsewhere ? NULL : session->receiver.buffer);
  return true;
}

static bool propose(midge_session *session, const midge_packet *packet,
                    midge_slice topic, uint16_t alias) {
  midge_packet resolved = *packet;
  resolved.publish.topic = topic;
  return midge_session_propose(session, &resolved, alias,
                               packet->publish.topic.size == 0);
}

/* The identifier's place in the map is reused, so memory cannot lack. */
static void move_to(midge_session *session, uint16_t packet_id,
                    midge_inbound_state state) {
  bool set = midge_inbox_set_state(&session->inbox, packet_id, state);
  (void)set;
}

/* What an answer pays: the oldest debt, and of QoS 2 every one, for they are of
 * one message. */
static void answer_listed(midge_session *session, uint16_t packet_id,
                          midge_qos qos, uint8_t reason) {
  midge_inbox *inbox = &session->inbox;
  midge_debt *debt = midge_inbox_listed(inbox, packet_id);
  while (debt != NULL && debt->qos == qos) {
    midge_inbox_answer(inbox, debt, reason);
    if (qos == MIDGE_AT_LEAST_ONCE) return;
    debt = midge_inbox_listed(inbox, packet_id);
  }
}

/* Those that wait for room in the durable inbox, as far as there is any: they
 * are answered when they are safe. */
static void admit(midge_session *session) {
  midge_kept *kept;
  while (midge_session_keep_next(session, &kept)) {
    const midge_queued_message *message = &kept->message;
    if (message->qos == MIDGE_EXACTLY_ONCE)
      move_to(session, message->packet_id, MIDGE_INBOUND_ANSWERED);
    answer_listed(session, message->packet_id, message->qos, 0);
    pay_debts(session);
  }
}

/* False: the connection has failed for want of memory. */
static bool keep(midge_session *session, const midge_packet *packet,
                 midge_slice topic, uint16_t alias) {
  midge_packet resolved = *packet;
  resolved.publish.topic = topic;
  bool by_alias = packet->publish.topic.size == 0;
  if (!midge_session_keep(session, &resolved, alias, by_alias)) return false;
  admit(session);
  return true;
}

midge_status midge_session_acknowledge_delivery(midge_session *session,
                                                uint64_t delivery) {
  if (!midge_session_let_go(session, delivery)) return MIDGE_EINVAL;
  admit(session);
  midge_session_settle(session);
  return MIDGE_OK;
}

void midge_session_publish_in(midge_session *session,
                              const midge_packet *packet) {
  midge_slice topic;
  bool elsewhere;
  uint16_t alias;
  if (!resolve_topic(session, packet, &topic, &alias, &elsewhere)) return;
  if (packet->publish.qos != MIDGE_AT_MOST_ONCE &&
      (!take_place(session) ||
       accept(session, packet, topic, alias, elsewhere) ||
       !owe(session, packet)))
    return;
  /* What nobody is told of has not come: the server sends it again. */
  bool told;
  if (session->options.inbox && packet->publish.qos != MIDGE_AT_MOST_ONCE)
    told = keep(session, packet, topic, alias);
  else if (session->options.accept_by_hand &&
           packet->publish.qos == MIDGE_EXACTLY_ONCE)
    told = propose(session, packet, topic, alias);
  else
    told = tell_message(session, packet, topic, alias, elsewhere);
  if (!told && packet->publish.qos == MIDGE_EXACTLY_ONCE)
    midge_inbox_remove(&session->inbox, packet->publish.packet_id);
}

/* The program has answered a QoS 2 message: it is never handed out again, or,
 * if it was proposed and is accepted, once more. */
static void received(midge_session *session, uint16_t packet_id,
                     uint8_t reason) {
  if (session->options.accept_by_hand &&
      midge_session_decide(session, packet_id, reason == 0))
    return;
  move_to(session, packet_id, MIDGE_INBOUND_ANSWERED);
  midge_session_record_inbound(session, packet_id, true);
}

/* Handed out late, on another connection, it is the same message: the server
 * sends it again there, and that is what is answered. True if the program's
 * having it is the answer. */
static bool is_received(midge_session *session, uint16_t packet_id,
                        midge_owed owed) {
  if (owed.life != session->inbox.life) return false;
  assert(midge_inbox_state(&session->inbox, packet_id) == MIDGE_INBOUND_WAITS);
  if (session->options.acknowledge_by_hand) {
    move_to(session, packet_id, MIDGE_INBOUND_HANDED);
    return false;
  }
  received(session, packet_id, 0);
  return true;
}

/* Its session is lost, or the server has begun another one with its identifier:
 * an answer to it would count for that. */
static bool is_orphan(const midge_session *session, uint16_t packet_id,
                      midge_owed owed) {
  const midge_inbox *inbox = &session->inbox;
  return owed.life != inbox->life ||
         (owed.released &&
          midge_inbox_state(inbox, packet_id) != MIDGE_INBOUND_RELEASED);
}

/* It was handed out at PUBREL. */
static void completed(midge_session *session, uint16_t packet_id) {
  if (session->options.acknowledge_by_hand)
    move_to(session, packet_id, MIDGE_INBOUND_TOLD);
  else
    midge_session_complete(session, packet_id);
}

void midge_session_handed_out(midge_session *session, midge_event *event,
                              midge_owed owed) {
  uint16_t packet_id = event->message.packet_id;
  if (owed.kept) {
    if (!session->options.acknowledge_by_hand)
      (void)midge_session_let_go(session, event->message.delivery);
    return;
  }
  bool orphan = is_orphan(session, packet_id, owed);
  if (orphan && session->options.acknowledge_by_hand)
    event->message.packet_id = 0;
  if (owed.released) {
    if (!orphan) completed(session, packet_id);
    return;
  }
  bool once = event->message.qos == MIDGE_EXACTLY_ONCE;
  if (once && !is_received(session, packet_id, owed)) return;

  /* None if it is of an earlier connection: the server sends it again. */
  midge_debt *debt = midge_inbox_debt(&session->inbox, owed.debt);
  if (debt != NULL) {
    debt->handed = true;
    if (!debt->listed) midge_inbox_answer(&session->inbox, debt, 0);
  }
  if (once) answer_listed(session, packet_id, MIDGE_EXACTLY_ONCE, 0);
  pay_debts(session);
}

/* The same for QoS 2, of which `debt`, the oldest of the identifier, may be
 * another message's. */
static midge_status answer_once(midge_session *session, uint16_t packet_id,
                                const midge_debt *debt, midge_reason reason,
                                uint8_t said) {
  midge_inbound_state state = midge_inbox_state(&session->inbox, packet_id);
  bool owed = debt == NULL || debt->qos == MIDGE_EXACTLY_ONCE;
  if (owed && state == MIDGE_INBOUND_HANDED) {
    received(session, packet_id, (uint8_t)reason);
    answer_listed(session, packet_id, MIDGE_EXACTLY_ONCE, said);
    pay_debts(session);
    return MIDGE_OK;
  }
  if (state != MIDGE_INBOUND_TOLD || reason != 0) return MIDGE_EINVAL;
  midge_session_complete(session, packet_id);
  return MIDGE_OK;
}

/* The next connection brings a proposal as a new one. */
static void forget_proposal(midge_session *session, uint16_t packet_id) {
  midge_session_withdraw(session, packet_id);
  midge_inbox_remove(&session->inbox, packet_id);
}

/* A proposal that the program has not answered. */
static bool is_proposed(const midge_session *session, uint16_t packet_id) {
  return session->options.accept_by_hand &&
         midge_inbox_state(&session->inbox, packet_id) == MIDGE_INBOUND_HANDED;
}

/* The program has the message that this is owed for, and may fail with it. */
static bool may_be_withheld(const midge_session *session,
                            const midge_debt *debt) {
  if (debt->qos == MIDGE_AT_LEAST_ONCE) return debt->handed;
  return is_proposed(session, debt->packet_id);
}

/* [MQTT-4.6.0-2] is about the answers that leave. Nothing is owed for a
 * proposal of a connection that is over, until the server sends it again. */
static midge_status withhold(midge_session *session, uint16_t packet_id) {
  midge_inbox *inbox = &session->inbox;
  midge_debt *debt = midge_inbox_listed(inbox, packet_id);
  if (debt == NULL && is_proposed(session, packet_id)) {
    forget_proposal(session, packet_id);
    return MIDGE_OK;
  }
  if (debt == NULL || !may_be_withheld(session, debt)) return MIDGE_EINVAL;
  bool is_proposal = debt->qos == MIDGE_EXACTLY_ONCE;
  do { /* of a proposal all that are owed */
    debt->withheld = true;
    midge_inbox_answer(inbox, debt, 0);
  } while (is_proposal &&
           (debt = midge_inbox_listed(inbox, packet_id)) != NULL &&
           debt->qos == MIDGE_EXACTLY_ONCE);
  if (is_proposal) forget_proposal(session, packet_id);
  pay_debts(session);
  return MIDGE_OK;
}

/* [MQTT-4.6.0-2]: the debt is marked here and paid in its turn. */
static midge_status answer(midge_session *session, uint16_t packet_id,
                           midge_reason reason) {
  if (!session->options.acknowledge_by_hand) return MIDGE_EINVAL;
  if (reason == MIDGE_REASON_WITHHELD) return withhold(session, packet_id);
  if (!midge_reason_is_for((uint8_t)reason, MIDGE_PUBACK)) return MIDGE_EINVAL;
  if (session->options.version != MIDGE_MQTT_5 && reason != 0)
    return MIDGE_EINVAL;

  /* Negotiation may have brought us where an answer has no reason. */
  uint8_t said = session->version == MIDGE_MQTT_5 ? (uint8_t)reason : 0;
  midge_debt *debt = midge_inbox_listed(&session->inbox, packet_id);
  if (debt == NULL || debt->qos == MIDGE_EXACTLY_ONCE || !debt->handed)
    return answer_once(session, packet_id, debt, reason, said);
  midge_inbox_answer(&session->inbox, debt, said);
  pay_debts(session);
  return MIDGE_OK;
}

midge_status midge_session_acknowledge(midge_session *session,
                                       uint16_t packet_id,
                                       midge_reason reason) {
  midge_status status = answer(session, packet_id, reason);
  if (status == MIDGE_OK) midge_session_settle(session);
  return status;
}

/* Mostly those that are answered are the oldest, in their order, and well. How
 * many of these are paid, which leave together. */
static size_t pay_oldest(midge_session *session, const midge_answer *answers,
                         size_t count) {
  midge_inbox *inbox = &session->inbox;
  size_t paid = 0;
  while (paid < count && answers[paid].reason == 0 &&
         midge_inbox_settle(inbox, answers[paid].packet_id)) {
    midge_inbox_free_place(inbox);
    paid++;
  }
  if (paid != 0)
    midge_session_control_all(session, MIDGE_PUBACK, answers, paid);
  return paid;
}

/* The same of QoS 2, where no debt could be meant, and no record is made. */
static size_t complete_all(midge_session *session, const midge_answer *answers,
                           size_t count) {
  midge_inbox *inbox = &session->inbox;
  size_t done = 0;
  if (inbox->debts.count != 0 || session->records.durable) return 0;
  while (done < count && answers[done].reason == 0 &&
         midge_inbox_complete(inbox, answers[done].packet_id)) {
    midge_inbox_free_place(inbox);
    done++;
  }
  if (done != 0)
    midge_session_control_all(session, MIDGE_PUBCOMP, answers, done);
  return done;
}

/* How many of the first ones were answered together; none, if the program does
 * not answer by hand, as then it has nothing that is unanswered. */
static size_t answer_together(midge_session *session,
                              const midge_answer *answers, size_t count) {
  if (!midge_session_is_open(session)) return 0;
  return answers[0].qos == MIDGE_AT_LEAST_ONCE
             ? pay_oldest(session, answers, count)
             : complete_all(session, answers, count);
}

void midge_session_acknowledge_list(midge_session *session,
                                    const midge_answer *answers, size_t count) {
  for (size_t i = 0; i < count;) {
    size_t together = answer_together(session, answers + i, count - i);
    i += together;
    if (together != 0) continue;
    midge_status status =
        answer(session, answers[i].packet_id, (midge_reason)answers[i].reason);
    (void)status; /* nothing waits for it */
    i++;
  }
  pay_debts(session);
  midge_session_settle(session);
}

void midge_session_hold(midge_session *session, bool held) {
  session->events.held = held;
}

size_t midge_session_held(const midge_session *session) {
  const midge_lodging *lodging = session->lodging;
  size_t waiting = lodging != NULL ? lodging->keeping.waiting_bytes : 0;
  return waiting + (session->events.held ? session->events.bytes : 0);
}

void midge_session_drop_stranded(midge_session *session) {
  midge_qos qos;
  uint16_t packet_id;
  while (midge_events_drop_stranded(&session->events, &qos, &packet_id)) {
    if (qos != MIDGE_EXACTLY_ONCE) continue;
    midge_inbox_remove(&session->inbox, packet_id);
    midge_session_withdraw(session, packet_id);
  }
}

/* The program has the message, or nobody knows of it. */
static void pubrel(midge_session *session, uint16_t packet_id,
                   midge_inbound_state state) {
  midge_inbox_free_place(&session->inbox);
  if (state == MIDGE_INBOUND_NEW) {
    midge_session_control(session, MIDGE_PUBCOMP, packet_id,
                          MIDGE_REASON_PACKET_IDENTIFIER_NOT_FOUND);
    return;
  }
  midge_inbox_remove(&session->inbox, packet_id);
  midge_session_record_inbound(session, packet_id, false);
  midge_session_release_kept(session, packet_id);
  midge_session_control(session, MIDGE_PUBCOMP, packet_id, 0);
}

void midge_session_pubrel(midge_session *session, const midge_packet *packet) {
  uint16_t packet_id = packet->ack.packet_id;
  midge_inbound_state state = midge_inbox_state(&session->inbox, packet_id);
  switch (state) {
    case MIDGE_INBOUND_WAITS:
    case MIDGE_INBOUND_HANDED:
      midge_session_break(session, MIDGE_REASON_PROTOCOL_ERROR,
                          "PUBREL before PUBREC");
      break;
    case MIDGE_INBOUND_PARKED:
      midge_session_release(session, packet_id);
      break;
    case MIDGE_INBOUND_RELEASED:
    case MIDGE_INBOUND_TOLD:
      midge_session_released_again(session, packet_id);
      break;
    default:
      pubrel(session, packet_id, state);
      break;
  }
}
