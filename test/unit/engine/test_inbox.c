/* Debts are found by their identifiers, in whatever order they are answered. */
#include "engine/inbox.h"
#include "ledger.h"
#include "unit/harness.h"

enum { IDS = 6, ROUNDS = 20000 };

static void owe(midge_inbox *inbox, uint16_t packet_id) {
  midge_debt debt = {.packet_id = packet_id, .qos = 1, .listed = true};
  assert_true(midge_inbox_owe(inbox, debt));
}

static void a_debt_is_the_oldest_of_its_identifier(void **state) {
  (void)state;
  midge_inbox inbox;
  midge_debt paid;
  midge_inbox_init(&inbox, &midge_allocator_default);
  assert_null(midge_inbox_listed(&inbox, 1));
  for (uint16_t id = 1; id <= 3; id++) owe(&inbox, id);
  owe(&inbox, 2);
  midge_debt *second = midge_inbox_debt(&inbox, inbox.first + 1);
  assert_ptr_equal(midge_inbox_listed(&inbox, 2), second);
  midge_inbox_answer(&inbox, second, 0);
  midge_debt *fourth = midge_inbox_debt(&inbox, inbox.first + 3);
  assert_ptr_equal(midge_inbox_listed(&inbox, 2), fourth);
  assert_false(midge_inbox_pay(&inbox, &paid));
  midge_inbox_answer(&inbox, midge_inbox_listed(&inbox, 1), 0);
  assert_null(midge_inbox_listed(&inbox, 1));
  assert_true(midge_inbox_pay(&inbox, &paid));
  assert_int_equal(paid.packet_id, 1);
  midge_inbox_free(&inbox);
}

/* What was owed, by number, until it is answered. */
typedef struct model {
  uint16_t ids[ROUNDS];
  bool answered[ROUNDS];
  uint32_t first, count;
} model;

static uint32_t oldest_of(const model *m, uint16_t packet_id) {
  uint32_t at = m->first;
  while (at < m->count && (m->answered[at] || m->ids[at] != packet_id)) at++;
  return at;
}

static void check(midge_inbox *inbox, const model *m, uint16_t packet_id) {
  uint32_t at = oldest_of(m, packet_id);
  midge_debt *debt = midge_inbox_listed(inbox, packet_id);
  if (at == m->count)
    assert_null(debt);
  else
    assert_ptr_equal(debt, midge_inbox_debt(inbox, at + 1));
}

static void answer(midge_inbox *inbox, model *m, uint16_t packet_id) {
  midge_debt paid;
  uint32_t at = oldest_of(m, packet_id);
  check(inbox, m, packet_id);
  if (at == m->count) return;
  midge_inbox_answer(inbox, midge_inbox_listed(inbox, packet_id), 7);
  m->answered[at] = true;
  while (midge_inbox_pay(inbox, &paid)) {
    assert_true(m->answered[m->first]);
    assert_int_equal(paid.packet_id, m->ids[m->first]);
    assert_int_equal(paid.reason, 7);
    m->first++;
  }
  assert_true(m->first == m->count || !m->answered[m->first]);
}

/* In order for a while, then in any order. */
static void it_agrees_with_a_model(void **state) {
  (void)state;
  static model m;
  midge_inbox inbox;
  uint64_t dice = 7;
  midge_inbox_init(&inbox, &midge_allocator_default);
  for (int i = 0; m.count < ROUNDS; i++) {
    dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407u;
    uint16_t id = (uint16_t)((dice >> 33) % IDS + 1);
    bool in_order = i % 200 < 100;
    if (dice >> 63 != 0 || m.first == m.count) {
      owe(&inbox, id);
      m.ids[m.count++] = id;
    } else {
      answer(&inbox, &m, in_order ? m.ids[m.first] : id);
    }
  }
  for (uint16_t id = 1; id <= IDS; id++) check(&inbox, &m, id);
  midge_inbox_free(&inbox);
}

static void another_connection_owes_nothing(void **state) {
  (void)state;
  midge_inbox inbox;
  midge_inbox_init(&inbox, &midge_allocator_default);
  for (uint16_t id = 1; id <= 3; id++) owe(&inbox, id);
  assert_non_null(midge_inbox_listed(&inbox, 3));
  owe(&inbox, 4);
  assert_true(midge_inbox_set_state(&inbox, 9, MIDGE_INBOUND_PARKED));
  midge_inbox_owe_completion(&inbox, 9);
  assert_true(midge_inbox_set_state(&inbox, 9, MIDGE_INBOUND_RELEASED));
  assert_true(midge_inbox_owes_completion(&inbox, 9));
  assert_false(midge_inbox_owes_completion(&inbox, 8));
  midge_inbox_rewind(&inbox);
  assert_false(midge_inbox_owes_completion(&inbox, 9));
  assert_int_equal(midge_inbox_state(&inbox, 9), MIDGE_INBOUND_RELEASED);
  for (uint16_t id = 1; id <= 4; id++)
    assert_null(midge_inbox_listed(&inbox, id));
  owe(&inbox, 4);
  owe(&inbox, 3);
  assert_non_null(midge_inbox_listed(&inbox, 3));
  midge_inbox_free(&inbox);
}

/* Neither the queue nor what finds a debt in it. */
static void without_memory_nothing_is_owed(void **state) {
  (void)state;
  ledger books;
  midge_inbox inbox;
  midge_debt debt = {.packet_id = 1, .qos = 1, .listed = true};
  ledger_init(&books);
  midge_inbox_init(&inbox, &books.allocator);
  for (int failing = 0; failing < 2; failing++) {
    ledger_fail_next(&books);
    assert_false(midge_inbox_owe(&inbox, debt));
    assert_int_equal(inbox.debts.count, 0);
    if (failing == 0) assert_true(midge_map_reserve(&inbox.listed, 1));
  }
  assert_true(midge_inbox_owe(&inbox, debt));
  assert_non_null(midge_inbox_listed(&inbox, 1));
  midge_inbox_free(&inbox);
  ledger_check_empty(&books);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_debt_is_the_oldest_of_its_identifier),
      cmocka_unit_test(it_agrees_with_a_model),
      cmocka_unit_test(another_connection_owes_nothing),
      cmocka_unit_test(without_memory_nothing_is_owed),
  };
  return cmocka_run_group_tests_name("inbox", tests, NULL, NULL);
}
