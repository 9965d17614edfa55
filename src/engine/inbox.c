#include "engine/inbox.h"

#include <assert.h>

/* The states as pointers that are not null, for the map. */
static uint8_t states[MIDGE_INBOUND_TOLD + 1];

void midge_inbox_init(midge_inbox *inbox, const midge_allocator *allocator) {
  *inbox = (midge_inbox){.first = 1};
  midge_ring_init(&inbox->debts, allocator, sizeof(midge_debt));
  midge_map_init(&inbox->listed, allocator);
  midge_map_init(&inbox->received, allocator);
  midge_map_init(&inbox->completions, allocator);
}

void midge_inbox_free(midge_inbox *inbox) {
  midge_ring_free(&inbox->debts);
  midge_map_free(&inbox->listed);
  midge_map_free(&inbox->received);
  midge_map_free(&inbox->completions);
}

void midge_inbox_rewind(midge_inbox *inbox) {
  inbox->first += (uint32_t)inbox->debts.count;
  midge_ring_clear(&inbox->debts);
  midge_map_clear(&inbox->listed);
  midge_map_clear(&inbox->completions);
  inbox->used = 0;
}

void midge_inbox_forget(midge_inbox *inbox) {
  midge_map_clear(&inbox->received);
  midge_map_clear(&inbox->completions);
  inbox->life++;
}

midge_inbound_state midge_inbox_state(const midge_inbox *inbox,
                                      uint16_t packet_id) {
  const uint8_t *state = midge_map_get(&inbox->received, packet_id);
  if (state == NULL) return MIDGE_INBOUND_NEW;
  return (midge_inbound_state)(state - states);
}

bool midge_inbox_set_state(midge_inbox *inbox, uint16_t packet_id,
                           midge_inbound_state state) {
  assert(state != MIDGE_INBOUND_NEW);
  return midge_map_replace(&inbox->received, packet_id, &states[state]) ||
         midge_map_put(&inbox->received, packet_id, &states[state]);
}

void midge_inbox_remove(midge_inbox *inbox, uint16_t packet_id) {
  midge_map_remove(&inbox->received, packet_id);
  midge_map_remove(&inbox->completions, packet_id);
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

static bool join_circle(midge_inbox *inbox, midge_debt *debt, uint32_t number) {
  uint32_t before;
  midge_debt *newest = newest_of(inbox, debt->packet_id, &before);
  debt->next = number;
  if (newest == NULL)
    return midge_map_put(&inbox->listed, debt->packet_id, box(number));
  debt->next = newest->next;
  newest->next = number;
  return midge_map_replace(&inbox->listed, debt->packet_id, box(number));
}

bool midge_inbox_owe(midge_inbox *inbox, midge_debt debt) {
  midge_debt *newest = midge_ring_push(&inbox->debts);
  if (newest == NULL) return false;
  *newest = debt;
  if (debt.listed && !join_circle(inbox, newest, midge_inbox_newest(inbox))) {
    midge_ring_pop_newest(&inbox->debts);
    return false;
  }
  return true;
}

midge_debt *midge_inbox_debt(const midge_inbox *inbox, uint32_t number) {
  uint32_t index = number - inbox->first;
  return index < inbox->debts.count ? midge_ring_at(&inbox->debts, index)
                                    : NULL;
}

midge_debt *midge_inbox_listed(const midge_inbox *inbox, uint16_t packet_id) {
  uint32_t number;
  midge_debt *newest = newest_of(inbox, packet_id, &number);
  return newest == NULL ? NULL : midge_inbox_debt(inbox, newest->next);
}

void midge_inbox_answer(midge_inbox *inbox, midge_debt *debt, uint8_t reason) {
  assert(!debt->answered);
  debt->answered = true;
  debt->reason = reason;
  if (!debt->listed) return;
  uint32_t number;
  midge_debt *newest = newest_of(inbox, debt->packet_id, &number);
  assert(midge_inbox_debt(inbox, newest->next) == debt);
  if (newest == debt)
    midge_map_remove(&inbox->listed, debt->packet_id);
  else
    newest->next = debt->next;
}

bool midge_inbox_pay(midge_inbox *inbox, midge_debt *debt) {
  if (inbox->debts.count == 0) return false;
  midge_debt *oldest = midge_ring_at(&inbox->debts, 0);
  if (!oldest->answered) return false;
  *debt = *oldest;
  midge_ring_pop(&inbox->debts);
  inbox->first++;
  return true;
}

void midge_inbox_free_place(midge_inbox *inbox) {
  if (inbox->used != 0) inbox->used--;
}

bool midge_inbox_owe_completion(midge_inbox *inbox, uint16_t packet_id) {
  return midge_map_put(&inbox->completions, packet_id, states);
}

bool midge_inbox_owes_completion(const midge_inbox *inbox, uint16_t packet_id) {
  return midge_map_get(&inbox->completions, packet_id) != NULL;
}
