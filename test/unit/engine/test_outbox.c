/* What is behind keeps its place until it is its turn, and there is room. */
#include "base/slice.h"
#include "engine/outbox.h"
#include "unit/harness.h"

static midge_message *add(midge_outbox *outbox) {
  static uint64_t key;
  midge_publish publish = {
      .topic = MIDGE_TEXT("t"), .payload = MIDGE_TEXT("on"), .qos = 1};
  midge_message *message =
      midge_message_new(&midge_allocator_default, &publish, publish.topic, 0);
  assert_non_null(message);
  message->key = ++key;
  midge_outbox_add(outbox, message);
  return message;
}

static void end(midge_outbox *outbox, midge_message *message) {
  midge_outbox_remove(outbox, message);
  midge_message_release(message);
}

static void what_is_newer_stays_behind_though_there_is_room(void **state) {
  (void)state;
  midge_outbox outbox;
  midge_outbox_init(&outbox, 1);
  midge_message *first = add(&outbox);
  midge_message *second = add(&outbox);
  assert_false(first->behind);
  assert_true(second->behind);
  end(&outbox, first);
  assert_true(midge_outbox_has_room(&outbox));
  midge_message *third = add(&outbox);
  assert_ptr_equal(outbox.behind.first, second);
  assert_ptr_equal(second->next, third);
  assert_null(outbox.publishes.first);
  midge_outbox_refill(&outbox);
  assert_ptr_equal(outbox.publishes.first, second);
  assert_ptr_equal(outbox.behind.first, third);
  midge_outbox_free(&outbox);
}

static void nothing_passes_what_is_absent(void **state) {
  (void)state;
  midge_outbox outbox;
  midge_outbox_init(&outbox, 1);
  midge_message *first = add(&outbox);
  midge_message *second = add(&outbox);
  midge_outbox_told_stored(&outbox, first);
  midge_outbox_told_stored(&outbox, second);
  midge_outbox_leave(&outbox, second);
  end(&outbox, first);
  assert_true(midge_outbox_has_room(&outbox));
  midge_message *third = add(&outbox);
  assert_ptr_equal(outbox.behind.first, third);
  midge_outbox_refill(&outbox);
  assert_null(outbox.publishes.first);
  midge_outbox_forget_absent(&outbox);
  midge_outbox_refill(&outbox);
  assert_ptr_equal(outbox.publishes.first, third);
  assert_null(outbox.behind.first);
  assert_int_equal(outbox.count, 1);
  midge_outbox_free(&outbox);
}

static void as_many_follow_as_there_is_room_for(void **state) {
  (void)state;
  enum { ALL = 5 };
  midge_message *all[ALL];
  midge_outbox outbox;
  midge_outbox_init(&outbox, 1);
  all[0] = add(&outbox);
  outbox.held_max = 2 * midge_message_weight(all[0]);
  for (int i = 1; i < ALL; i++) {
    all[i] = add(&outbox);
    assert_int_equal(all[i]->behind, i >= 2);
  }
  end(&outbox, all[0]);
  end(&outbox, all[1]);
  midge_outbox_refill(&outbox);
  assert_ptr_equal(outbox.publishes.first, all[2]);
  assert_ptr_equal(outbox.publishes.last, all[3]);
  assert_ptr_equal(outbox.behind.first, all[4]);
  assert_int_equal(outbox.held, outbox.held_max);
  end(&outbox, all[2]);
  end(&outbox, all[3]);
  midge_outbox_refill(&outbox);
  assert_ptr_equal(outbox.publishes.first, all[4]);
  assert_null(outbox.behind.first);
  midge_outbox_free(&outbox);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_newer_stays_behind_though_there_is_room),
      cmocka_unit_test(nothing_passes_what_is_absent),
      cmocka_unit_test(as_many_follow_as_there_is_room_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
