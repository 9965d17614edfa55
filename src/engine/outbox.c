#include "engine/outbox.h"

#include <assert.h>

enum { EXPIRY_STEP_MS = 1000 }; /* the wire's unit: looked at once a second */

void midge_outbox_init(midge_outbox *outbox, size_t held_max) {
  *outbox = (midge_outbox){.next_expiry = MIDGE_NEVER, .held_max = held_max};
}

static void insert_behind(midge_message_list *list, midge_message *before,
                          midge_message *message) {
  midge_message *after = before == NULL ? list->first : before->next;
  message->previous = before;
  message->next = after;
  if (before != NULL) before->next = message;
  if (before == NULL) list->first = message;
  if (after != NULL) after->previous = message;
  if (after == NULL) list->last = message;
}

/* Messages come in the order of their keys. */
static void append(midge_message_list *list, midge_message *message) {
  assert(list->last == NULL || list->last->key < message->key);
  insert_behind(list, list->last, message);
}

static void unlink_from(midge_message_list *list, midge_message *message) {
  if (message->previous != NULL) message->previous->next = message->next;
  if (message->next != NULL) message->next->previous = message->previous;
  if (list->first == message) list->first = message->next;
  if (list->last == message) list->last = message->previous;
  message->previous = message->next = NULL;
}

static void insert_release(midge_message_list *list, midge_message *before,
                           midge_message *message) {
  midge_message *after = before != NULL ? before->release_next : list->first;
  message->release_previous = before;
  message->release_next = after;
  if (before != NULL) before->release_next = message;
  if (before == NULL) list->first = message;
  if (after != NULL) after->release_previous = message;
  if (after == NULL) list->last = message;
}

static void unlink_release(midge_message_list *list, midge_message *message) {
  midge_message *before = message->release_previous;
  midge_message *after = message->release_next;
  if (before != NULL) before->release_next = after;
  if (after != NULL) after->release_previous = before;
  if (list->first == message) list->first = after;
  if (list->last == message) list->last = before;
  message->release_previous = message->release_next = NULL;
}

static void free_list(midge_message_list *list) {
  while (list->first != NULL) {
    midge_message *message = list->first;
    unlink_from(list, message);
    midge_message_release(message);
  }
}

void midge_outbox_free(midge_outbox *outbox) {
  free_list(&outbox->fleeting);
  free_list(&outbox->leaving);
  free_list(&outbox->publishes);
  free_list(&outbox->behind);
  midge_outbox_init(outbox, outbox->held_max);
}

void midge_outbox_note_expiry(midge_outbox *outbox,
                              const midge_message *message) {
  if (message->expires == MIDGE_NEVER || message->owner.place != 0) return;
  midge_time step = message->expires + EXPIRY_STEP_MS - 1;
  step -= step % EXPIRY_STEP_MS;
  if (step < outbox->next_expiry) outbox->next_expiry = step;
}

static void count_in(midge_outbox *outbox, const midge_message *message) {
  outbox->count += midge_message_count(message);
  outbox->bytes += midge_message_bytes(message);
  midge_outbox_note_expiry(outbox, message);
}

static void add_publish(midge_outbox *outbox, midge_message *message) {
  append(&outbox->publishes, message);
  outbox->held += midge_message_weight(message);
  if (outbox->entry == NULL) outbox->entry = message;
  if (outbox->cursor == NULL) outbox->cursor = message;
}

void midge_outbox_add_stored(midge_outbox *outbox, midge_message *message) {
  count_in(outbox, message);
  if (message->qos == MIDGE_AT_MOST_ONCE)
    append(&outbox->fleeting, message);
  else
    add_publish(outbox, message);
}

void midge_outbox_add(midge_outbox *outbox, midge_message *message) {
  count_in(outbox, message);
  if (message->qos == MIDGE_AT_MOST_ONCE) {
    append(&outbox->fleeting, message);
    return;
  }
  if (outbox->unstored == NULL) outbox->unstored = message;
  message->behind = outbox->held >= outbox->held_max ||
                    outbox->absent.count != 0 || outbox->behind.first != NULL;
  if (message->behind)
    append(&outbox->behind, message);
  else
    add_publish(outbox, message);
}

void midge_outbox_insert(midge_outbox *outbox, midge_message *behind,
                         midge_message *message) {
  assert(!behind->shown && behind->key <= message->key);
  outbox->count++;
  outbox->bytes += midge_message_bytes(message);
  insert_behind(&outbox->fleeting, behind, message);
}

static midge_message_list *list_of(midge_outbox *outbox,
                                   const midge_message *message) {
  if (message->behind) return &outbox->behind;
  if (message->qos != MIDGE_AT_MOST_ONCE) return &outbox->publishes;
  return message->shown ? &outbox->leaving : &outbox->fleeting;
}

/* The next that may be shown: a released message has its PUBREL instead. */
static midge_message *skip_released(midge_message *message) {
  while (message != NULL && message->state == MIDGE_MESSAGE_RELEASED)
    message = message->next;
  return message;
}

/* It counts no longer, wherever it is. */
static void discount(midge_outbox *outbox, const midge_message *message) {
  if (message->state != MIDGE_MESSAGE_WAITS) {
    outbox->in_flight--;
    if (message->qos == MIDGE_EXACTLY_ONCE) outbox->exactly_once--;
  }
  if (message->ended && message->qos != MIDGE_AT_MOST_ONCE) outbox->ended--;
  outbox->count -= midge_message_count(message);
  outbox->bytes -= midge_message_bytes(message);
  if (message->qos != MIDGE_AT_MOST_ONCE && !message->behind)
    outbox->held -= midge_message_weight(message);
}

/* The next to be told as stored: what is behind follows the others. */
static midge_message *next_unstored(const midge_outbox *outbox,
                                    const midge_message *message) {
  if (message->next != NULL || message->behind) return message->next;
  return outbox->behind.first;
}

void midge_outbox_told_stored(midge_outbox *outbox,
                              const midge_message *message) {
  if (outbox->unstored == message)
    outbox->unstored = next_unstored(outbox, message);
  if (outbox->unstored_fleeting == message)
    outbox->unstored_fleeting = message->next;
}

void midge_outbox_remove(midge_outbox *outbox, midge_message *message) {
  if (outbox->entry == message) outbox->entry = message->next;
  if (outbox->cursor == message) outbox->cursor = skip_released(message->next);
  midge_outbox_told_stored(outbox, message);
  if (!message->given_up) discount(outbox, message);
  if (message->state == MIDGE_MESSAGE_RELEASED)
    unlink_release(&outbox->releases, message);
  if (message->qos != MIDGE_AT_MOST_ONCE)
    midge_outbox_free_place(outbox, message);
  unlink_from(list_of(outbox, message), message);
}

bool midge_outbox_waits(const midge_outbox *outbox) {
  return outbox->entry != NULL || outbox->behind.first != NULL ||
         outbox->absent.count != 0;
}

void midge_outbox_lower(midge_outbox *outbox, midge_message *message,
                        midge_message *behind) {
  assert(outbox->entry == message);
  assert(message->key >= outbox->passed);
  assert(message->state == MIDGE_MESSAGE_WAITS);
  assert(behind == NULL || behind->key < message->key);
  midge_message *after = behind != NULL ? behind->next : outbox->fleeting.first;
  for (; after != NULL && after->key < message->key; after = after->next)
    behind = after;
  outbox->entry = message->next;
  if (outbox->cursor == message) outbox->cursor = message->next;
  midge_outbox_told_stored(outbox, message);
  outbox->held -= midge_message_weight(message);
  unlink_from(&outbox->publishes, message);
  message->qos = MIDGE_AT_MOST_ONCE;
  insert_behind(&outbox->fleeting, behind, message);
}

void midge_outbox_enter(midge_outbox *outbox, midge_message *message) {
  assert(outbox->entry == message);
  assert(message->state == MIDGE_MESSAGE_WAITS);
  assert(message->owner.packet_id != 0);
  message->state = MIDGE_MESSAGE_PUBLISHED;
  outbox->entry = message->next;
  outbox->in_flight++;
  if (message->qos == MIDGE_EXACTLY_ONCE) outbox->exactly_once++;
}

void midge_outbox_show(midge_outbox *outbox, midge_message *message) {
  assert(!message->shown);
  if (message->qos == MIDGE_AT_MOST_ONCE) {
    unlink_from(&outbox->fleeting, message);
    if (message->key > outbox->passed) outbox->passed = message->key;
    message->shown = true;
    append(&outbox->leaving, message);
    return;
  }
  assert(outbox->cursor == message);
  assert(message->state == MIDGE_MESSAGE_PUBLISHED);
  assert(outbox->window != 0);
  outbox->cursor = skip_released(message->next);
  outbox->window--;
  message->shown = true;
}

void midge_outbox_release(midge_outbox *outbox, midge_message *message) {
  assert(message->state == MIDGE_MESSAGE_PUBLISHED);
  message->state = MIDGE_MESSAGE_RELEASED;
  insert_release(&outbox->releases, outbox->releases.last, message);
  if (outbox->cursor == message) outbox->cursor = skip_released(message);
}

void midge_outbox_release_in_order(midge_outbox *outbox, midge_message *message,
                                   uint64_t order) {
  midge_message *before = outbox->releases.last;
  while (before != NULL && before->order > order)
    before = before->release_previous;
  assert(message->state == MIDGE_MESSAGE_PUBLISHED);
  message->state = MIDGE_MESSAGE_RELEASED;
  message->order = order;
  insert_release(&outbox->releases, before, message);
  if (outbox->cursor == message) outbox->cursor = skip_released(message);
}

void midge_outbox_end(midge_outbox *outbox, midge_message *message) {
  assert(!message->ended);
  message->ended = true;
  if (message->qos != MIDGE_AT_MOST_ONCE) outbox->ended++;
}

void midge_outbox_give_up(midge_outbox *outbox, midge_message *message) {
  assert(message->ended && message->state == MIDGE_MESSAGE_RELEASED);
  discount(outbox, message);
  message->given_up = true;
}

void midge_outbox_free_place(midge_outbox *outbox, midge_message *message) {
  if (message->shown) outbox->window++;
  message->shown = false;
}

void midge_outbox_rewind(midge_outbox *outbox, uint64_t sent) {
  for (midge_message *m = outbox->publishes.first; m != outbox->entry;
       m = m->next) {
    if (m->shown && m->end <= sent) m->duplicate = true;
    m->shown = false;
  }
  outbox->cursor = skip_released(outbox->publishes.first);

  for (midge_message *m = outbox->leaving.first; m != NULL; m = m->next)
    m->shown = false;
  if (outbox->leaving.last == NULL) return;
  midge_message *rest = outbox->fleeting.first;
  outbox->leaving.last->next = rest;
  if (rest != NULL) rest->previous = outbox->leaving.last;
  if (rest == NULL) outbox->fleeting.last = outbox->leaving.last;
  outbox->fleeting.first = outbox->leaving.first;
  outbox->leaving = (midge_message_list){NULL, NULL};
}

uint32_t midge_outbox_renew(midge_outbox *outbox) {
  uint32_t renewed = 0;
  for (midge_message *m = outbox->publishes.first; m != outbox->entry;
       m = m->next) {
    assert(m->owner.packet_id == 0);
    m->state = MIDGE_MESSAGE_WAITS;
    m->shown = m->duplicate = false;
    m->release_previous = m->release_next = NULL;
    renewed++;
  }
  outbox->releases = (midge_message_list){NULL, NULL};
  outbox->in_flight = outbox->exactly_once = 0;
  outbox->entry = outbox->cursor = outbox->publishes.first;
  return renewed;
}

/* --- The journal's part --- */

void midge_outbox_leave(midge_outbox *outbox, midge_message *message) {
  midge_absent *absent = &outbox->absent;
  assert(outbox->behind.first == message);
  assert(outbox->unstored != message);
  if (absent->count++ == 0) absent->first = message->key;
  absent->last = message->key;
  absent->bytes += midge_message_bytes(message);
  unlink_from(&outbox->behind, message);
  midge_message_release(message);
}

void midge_outbox_come_back(midge_outbox *outbox,
                            const midge_message *message) {
  size_t bytes = midge_message_bytes(message);
  outbox->absent.count--;
  outbox->absent.bytes -= bytes;
  outbox->count--;
  outbox->bytes -= bytes;
}

void midge_outbox_forget_absent(midge_outbox *outbox) {
  outbox->count -= outbox->absent.count;
  outbox->bytes -= outbox->absent.bytes;
  outbox->absent = (midge_absent){0};
}

bool midge_outbox_has_room(const midge_outbox *outbox) {
  return outbox->held <= outbox->held_max / 2;
}

void midge_outbox_refill(midge_outbox *outbox) {
  if (outbox->behind.first == NULL || outbox->absent.count != 0) return;
  if (!midge_outbox_has_room(outbox)) return;
  do {
    midge_message *message = outbox->behind.first;
    unlink_from(&outbox->behind, message);
    message->behind = false;
    add_publish(outbox, message);
  } while (outbox->behind.first != NULL && outbox->held < outbox->held_max);
}
