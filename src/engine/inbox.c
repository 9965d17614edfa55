#include "engine/inbox.h"

#include <assert.h>

/* Of a byte in `received`, beside its state: PUBCOMP is owed. */
enum { OWES = 0x80 };

static midge_inbound_state state_of(uint8_t byte) {
  return (midge_inbound_state)(byte & ~OWES);
}

void midge_inbox_init(midge_inbox *inbox, const midge_allocator *allocator) {
  *inbox = (midge_inbox){.first = 1, .unmapped = 1};
  midge_ring_init(&inbox->debts, allocator, sizeof(midge_debt));
  midge_map_init(&inbox->listed, allocator);
  midge_sparse_init(&inbox->received, allocator);
}

void midge_inbox_free(midge_inbox *inbox) {
  midge_ring_free(&inbox->debts);
  midge_map_free(&inbox->listed);
  midge_sparse_free(&inbox->received);
}

/* Of one that is there, which needs no memory. */
static void set_byte(midge_inbox *inbox, uint16_t packet_id, uint8_t byte) {
  bool set = midge_sparse_set(&inbox->received, packet_id, byte);
  assert(set);
  (void)set;
}

void midge_inbox_rewind(midge_inbox *inbox) {
  inbox->first += (uint32_t)inbox->debts.count;
  inbox->unmapped = inbox->first;
  inbox->unmapped_listed = 0;
  midge_ring_clear(&inbox->debts);
  midge_map_clear(&inbox->listed);
  const midge_sparse *received = &inbox->received;
  for (uint32_t id = 0; midge_sparse_next(received, &id); id++)
    set_byte(inbox, (uint16_t)id, midge_inbox_state(inbox, (uint16_t)id));
  inbox->used = 0;
}

void midge_inbox_forget(midge_inbox *inbox) {
  midge_sparse_clear(&inbox->received);
  inbox->life++;
}

midge_inbound_state midge_inbox_state(const midge_inbox *inbox,
                                      uint16_t packet_id) {
  return state_of(midge_sparse_get(&inbox->received, packet_id));
}

bool midge_inbox_set_state(midge_inbox *inbox, uint16_t packet_id,
                           midge_inbound_state state) {
  assert(state != MIDGE_INBOUND_NEW);
  uint8_t owes = midge_sparse_get(&inbox->received, packet_id) & OWES;
  return midge_sparse_set(&inbox->received, packet_id, (uint8_t)state | owes);
}

void midge_inbox_remove(midge_inbox *inbox, uint16_t packet_id) {
  midge_sparse_unset(&inbox->received, packet_id);
}

/* A number as a pointer that is not null, for the map. Where pointers are
 * small, its highest bit is lost, which no two debts differ in alone. */
static void *box(uint32_t number) {
  return (void *)(((uintptr_t)number << 1) | 1);
}

static uint32_t unbox(const midge_inbox *inbox, const void *boxed) {
  uint32_t number = (uint32_t)((uintptr_t)boxed >> 1);
  return inbox->first + ((number - inbox->first) & INT32_MAX);
}

/* The newest of the circle; null if the identifier has no listed debt. */
static midge_debt *newest_of(const midge_inbox *inbox, uint16_t packet_id,
                             uint32_t *number) {
  const void *boxed = midge_map_get(&inbox->listed, packet_id);
  if (boxed == NULL) return NULL;
  *number = unbox(inbox, boxed);
  return midge_inbox_debt(inbox, *number);
}

/* There is room for it. */
static void join_circle(midge_inbox *inbox, midge_debt *debt, uint32_t number) {
  uint32_t before;
  midge_debt *newest = newest_of(inbox, debt->packet_id, &before);
  debt->next = number;
  if (newest != NULL) {
    debt->next = newest->next;
    newest->next = number;
    midge_map_replace(&inbox->listed, debt->packet_id, box(number));
    return;
  }
  bool put = midge_map_put(&inbox->listed, debt->packet_id, box(number));
  assert(put);
  (void)put;
}

static void map_all(midge_inbox *inbox) {
  uint32_t end = inbox->first + (uint32_t)inbox->debts.count;
  for (; inbox->unmapped_listed != 0; inbox->unmapped++) {
    midge_debt *debt = midge_inbox_debt(inbox, inbox->unmapped);
    if (!debt->listed) continue;
    join_circle(inbox, debt, inbox->unmapped);
    inbox->unmapped_listed--;
  }
  inbox->unmapped = end;
}

bool midge_inbox_owe(midge_inbox *inbox, midge_debt debt) {
  size_t count = inbox->debts.count + 1;
  if (debt.listed && !midge_map_reserve(&inbox->listed, count)) return false;
  midge_debt *newest = midge_ring_push(&inbox->debts);
  if (newest == NULL) return false;
  *newest = debt;
  if (debt.listed) inbox->unmapped_listed++;
  return true;
}

midge_debt *midge_inbox_debt(const midge_inbox *inbox, uint32_t number) {
  uint32_t index = number - inbox->first;
  return index < inbox->debts.count ? midge_ring_at(&inbox->debts, index)
                                    : NULL;
}

midge_debt *midge_inbox_listed(midge_inbox *inbox, uint16_t packet_id) {
  if (inbox->debts.count == 0) return NULL;
  midge_debt *oldest = midge_ring_at(&inbox->debts, 0);
  if (oldest->packet_id == packet_id && oldest->listed && !oldest->answered)
    return oldest;
  map_all(inbox);
  uint32_t number;
  midge_debt *newest = newest_of(inbox, packet_id, &number);
  return newest == NULL ? NULL : midge_inbox_debt(inbox, newest->next);
}

void midge_inbox_answer(midge_inbox *inbox, midge_debt *debt, uint8_t reason) {
  assert(!debt->answered);
  debt->answered = true;
  debt->reason = reason;
  if (!debt->listed) return;
  if (inbox->unmapped == inbox->first) { /* the oldest, as none is mapped */
    inbox->unmapped_listed--;
    debt->listed = false;
    return;
  }
  uint32_t number;
  midge_debt *newest = newest_of(inbox, debt->packet_id, &number);
  assert(midge_inbox_debt(inbox, newest->next) == debt);
  if (newest == debt)
    midge_map_remove(&inbox->listed, debt->packet_id);
  else
    newest->next = debt->next;
}

static void pop(midge_inbox *inbox) {
  midge_ring_pop(&inbox->debts);
  if (inbox->unmapped == inbox->first) inbox->unmapped++;
  inbox->first++;
}

bool midge_inbox_pay(midge_inbox *inbox, midge_debt *debt) {
  if (inbox->debts.count == 0) return false;
  midge_debt *oldest = midge_ring_at(&inbox->debts, 0);
  if (!oldest->answered) return false;
  *debt = *oldest;
  pop(inbox);
  return true;
}

bool midge_inbox_settle(midge_inbox *inbox, uint16_t packet_id) {
  if (inbox->debts.count == 0 || inbox->unmapped != inbox->first) return false;
  const midge_debt *oldest = midge_ring_at(&inbox->debts, 0);
  if (oldest->packet_id != packet_id || !oldest->handed) return false;
  /* Whatever else was handed out was answered by that, and is paid by now. */
  assert(oldest->qos == MIDGE_AT_LEAST_ONCE);
  assert(oldest->listed);
  inbox->unmapped_listed--;
  pop(inbox);
  return true;
}

void midge_inbox_free_place(midge_inbox *inbox) {
  if (inbox->used != 0) inbox->used--;
}

void midge_inbox_owe_completion(midge_inbox *inbox, uint16_t packet_id) {
  uint8_t byte = midge_sparse_get(&inbox->received, packet_id);
  assert(state_of(byte) != MIDGE_INBOUND_NEW);
  set_byte(inbox, packet_id, byte | OWES);
}

void midge_inbox_release(midge_inbox *inbox, uint16_t packet_id) {
  set_byte(inbox, packet_id, (uint8_t)MIDGE_INBOUND_RELEASED | OWES);
}

bool midge_inbox_owes_completion(const midge_inbox *inbox, uint16_t packet_id) {
  return (midge_sparse_get(&inbox->received, packet_id) & OWES) != 0;
}

bool midge_inbox_complete(midge_inbox *inbox, uint16_t packet_id) {
  uint8_t due = (uint8_t)MIDGE_INBOUND_TOLD | OWES;
  if (midge_sparse_get(&inbox->received, packet_id) != due) return false;
  midge_sparse_unset(&inbox->received, packet_id);
  return true;
}
