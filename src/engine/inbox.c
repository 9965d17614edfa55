#include "engine/inbox.h"

#include <assert.h>

/* The states as pointers that are not null, for the map. */
static uint8_t states[MIDGE_INBOUND_ANSWERED + 1];

void midge_inbox_init(midge_inbox *inbox, const midge_allocator *allocator) {
  midge_ring_init(&inbox->debts, allocator, sizeof(midge_debt));
  midge_map_init(&inbox->received, allocator);
  inbox->repeats = false;
  inbox->used = 0;
}

void midge_inbox_free(midge_inbox *inbox) {
  midge_ring_free(&inbox->debts);
  midge_map_free(&inbox->received);
}

void midge_inbox_rewind(midge_inbox *inbox) {
  midge_ring_clear(&inbox->debts);
  inbox->repeats = false;
  inbox->used = 0;
}

void midge_inbox_forget(midge_inbox *inbox) {
  midge_map_clear(&inbox->received);
}

midge_inbound_state midge_inbox_state(const midge_inbox *inbox,
                                      uint16_t packet_id) {
  const uint8_t *state = midge_map_get(&inbox->received, packet_id);
  if (state == NULL) return MIDGE_INBOUND_NEW;
  return (midge_inbound_state)(state - states);
}

bool midge_inbox_set_state(midge_inbox *inbox, uint16_t packet_id,
                           midge_inbound_state state) {
  midge_map_remove(&inbox->received, packet_id);
  assert(state != MIDGE_INBOUND_NEW);
  return midge_map_put(&inbox->received, packet_id, &states[state]);
}

void midge_inbox_remove(midge_inbox *inbox, uint16_t packet_id) {
  midge_map_remove(&inbox->received, packet_id);
}

bool midge_inbox_owe(midge_inbox *inbox, midge_debt debt) {
  midge_debt *newest = midge_ring_push(&inbox->debts);
  if (newest == NULL) return false;
  *newest = debt;
  inbox->used++;
  return true;
}

midge_debt *midge_inbox_debt(midge_inbox *inbox, uint16_t packet_id) {
  for (size_t i = 0; i < inbox->debts.count; i++) {
    midge_debt *debt = midge_ring_at(&inbox->debts, i);
    if (debt->packet_id == packet_id && !debt->answered) return debt;
  }
  return NULL;
}

bool midge_inbox_pay(midge_inbox *inbox, midge_debt *debt) {
  if (inbox->debts.count == 0) return false;
  midge_debt *oldest = midge_ring_at(&inbox->debts, 0);
  if (!oldest->answered) return false;
  *debt = *oldest;
  midge_ring_pop(&inbox->debts);
  return true;
}

void midge_inbox_free_place(midge_inbox *inbox) {
  if (inbox->used != 0) inbox->used--;
}
