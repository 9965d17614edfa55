#include <pthread.h>
#include <string.h>

#include "base/slice.h"
#include "engine/message.h"
#include "reactor/mailbox.h"
#include "unit/harness.h"

static midge_mailbox mailbox;

static void start(void) {
  assert_int_equal(midge_mailbox_init(&mailbox, &midge_allocator_default), 0);
}

static midge_wish publish_of(uint64_t token, midge_slice payload) {
  return (midge_wish){.type = MIDGE_WISH_PUBLISH,
                      .token = token,
                      .publish = {.topic = MIDGE_TEXT("a/b"),
                                  .payload = payload,
                                  .qos = MIDGE_AT_LEAST_ONCE}};
}

static void put(const midge_wish *wish) {
  bool ring;
  assert_int_equal(midge_mailbox_put(&mailbox, wish, &ring), MIDGE_OK);
}

/* Small and large ones; each is filled with its number. */
static midge_slice payload_of(uint64_t number) {
  static _Thread_local uint8_t bytes[20000];
  size_t size = number % 97 == 0 ? 20000 : number % 100;
  memset(bytes, (int)(number & 0xff), size);
  return midge_slice_of(bytes, size);
}

static void expect_wish(const midge_wish *wish, uint64_t number) {
  midge_slice payload = payload_of(number);
  assert_int_equal(wish->token, number);
  assert_true(midge_slice_equal(wish->publish.topic, MIDGE_TEXT("a/b")));
  assert_true(midge_slice_equal(wish->publish.payload, payload));
  assert_int_equal((uintptr_t)wish % _Alignof(midge_wish), 0);
}

static void wishes_come_out_in_order(void **state) {
  (void)state;
  start();
  for (uint64_t i = 0; i < 10000; i++) {
    midge_wish wish = publish_of(i, payload_of(i));
    put(&wish);
  }
  uint64_t number = 0;
  midge_parcel *parcel = midge_mailbox_take(&mailbox);
  while (parcel != NULL) {
    midge_parcel *next = parcel->next;
    const midge_wish *wish;
    while ((wish = midge_parcel_next(parcel)) != NULL)
      expect_wish(wish, number++);
    midge_mailbox_give_back(&mailbox, parcel);
    parcel = next;
  }
  assert_int_equal(number, 10000);
  assert_null(midge_mailbox_take(&mailbox));
  midge_mailbox_free(&mailbox);
}

static void everything_a_wish_points_at_is_copied(void **state) {
  (void)state;
  start();
  char name[] = "name", value[] = "value", filter[] = "f/#";
  midge_property property = {.id = MIDGE_USER_PROPERTY,
                             .name = midge_slice_text(name),
                             .value = midge_slice_text(value)};
  midge_subscription list[] = {{.filter = midge_slice_text(filter), .qos = 2},
                               {.filter = midge_slice_text(value), .qos = 1}};
  midge_slice filters[] = {midge_slice_text(value), midge_slice_text(filter)};
  midge_wish subscribe = {.type = MIDGE_WISH_SUBSCRIBE};
  subscribe.subscribe.list = list;
  subscribe.subscribe.count = 2;
  subscribe.subscribe.options.properties = (midge_properties){&property, 1};
  midge_wish unsubscribe = {.type = MIDGE_WISH_UNSUBSCRIBE};
  unsubscribe.unsubscribe.list = filters;
  unsubscribe.unsubscribe.count = 2;
  midge_wish proceed = {.type = MIDGE_WISH_PROCEED};
  proceed.proceed.attempt.headers = filters;
  proceed.proceed.attempt.header_count = 2;
  proceed.proceed.attempt.user_name = midge_slice_text(name);
  put(&subscribe);
  put(&unsubscribe);
  put(&proceed);
  memset(name, 'x', sizeof name);
  memset(value, 'x', sizeof value);
  memset(filter, 'x', sizeof filter);
  memset(list, 0, sizeof list);
  memset(filters, 0, sizeof filters);
  memset(&property, 0, sizeof property);

  midge_parcel *parcel = midge_mailbox_take(&mailbox);
  const midge_wish *one = midge_parcel_next(parcel);
  assert_true(
      midge_slice_equal(one->subscribe.list[0].filter, MIDGE_TEXT("f/#")));
  assert_int_equal(one->subscribe.list[0].qos, 2);
  assert_true(
      midge_slice_equal(one->subscribe.list[1].filter, MIDGE_TEXT("value")));
  assert_true(midge_slice_equal(one->subscribe.options.properties.list[0].name,
                                MIDGE_TEXT("name")));
  assert_true(midge_slice_equal(one->subscribe.options.properties.list[0].value,
                                MIDGE_TEXT("value")));
  const midge_wish *two = midge_parcel_next(parcel);
  assert_true(midge_slice_equal(two->unsubscribe.list[1], MIDGE_TEXT("f/#")));
  const midge_wish *three = midge_parcel_next(parcel);
  assert_true(midge_slice_equal(three->proceed.attempt.headers[0],
                                MIDGE_TEXT("value")));
  assert_true(
      midge_slice_equal(three->proceed.attempt.user_name, MIDGE_TEXT("name")));
  assert_null(three->proceed.attempt.password.data);
  assert_null(midge_parcel_next(parcel));
  midge_mailbox_give_back(&mailbox, parcel);
  midge_mailbox_free(&mailbox);
}

static void only_a_sleeping_reactor_is_rung(void **state) {
  (void)state;
  start();
  bool ring;
  midge_wish wish = publish_of(1, MIDGE_TEXT("x"));
  assert_int_equal(midge_mailbox_put(&mailbox, &wish, &ring), MIDGE_OK);
  assert_false(ring);
  assert_false(midge_mailbox_sleep(&mailbox)); /* there is one to take */
  midge_mailbox_give_back(&mailbox, midge_mailbox_take(&mailbox));
  assert_true(midge_mailbox_sleep(&mailbox));
  assert_int_equal(midge_mailbox_put(&mailbox, &wish, &ring), MIDGE_OK);
  assert_true(ring);
  assert_int_equal(midge_mailbox_put(&mailbox, &wish, &ring), MIDGE_OK);
  assert_false(ring);
  midge_mailbox_free(&mailbox); /* frees what nobody took */
}

static void a_lent_parcel_keeps_its_place(void **state) {
  (void)state;
  start();
  bool ring;
  midge_wish room, close = {.type = MIDGE_WISH_CLOSE, .token = 2};
  midge_parcel lent = {.data = (uint8_t *)&room};
  midge_wish first = publish_of(1, MIDGE_TEXT("x"));
  midge_wish last = publish_of(3, MIDGE_TEXT("x"));
  put(&first);
  midge_mailbox_put_lent(&mailbox, &lent, &close, &ring);
  put(&last);
  uint64_t number = 0;
  for (midge_parcel *parcel = midge_mailbox_take(&mailbox), *next;
       parcel != NULL; parcel = next) {
    const midge_wish *wish;
    while ((wish = midge_parcel_next(parcel)) != NULL)
      assert_int_equal(wish->token, ++number);
    next = parcel->next;
    midge_mailbox_give_back(&mailbox, parcel);
  }
  assert_int_equal(number, 3);
  midge_mailbox_free(&mailbox);
}

/* Its publisher lets go of it. */
static void put_draft(uint64_t token, midge_slice payload) {
  midge_wish wish = publish_of(token, payload);
  wish.draft = midge_message_draft(&midge_allocator_default, &wish.publish);
  assert_non_null(wish.draft);
  put(&wish);
  midge_buffer_release(wish.draft);
}

static void a_draft_is_held_until_its_wish_was_taken(void **state) {
  (void)state;
  start();
  put_draft(97, payload_of(97));
  put_draft(194, payload_of(194));
  midge_parcel *parcel = midge_mailbox_take(&mailbox);
  const midge_wish *wish = midge_parcel_next(parcel);
  expect_wish(wish, 97);
  assert_true(wish->size < 1000);
  assert_true(midge_wish_held(wish) > 20000);
  assert_int_equal(atomic_load(&wish->draft->holders), 1);
  midge_wish_release(wish);
  assert_false(midge_parcel_is_taken(parcel));
  wish = midge_parcel_next(parcel);
  expect_wish(wish, 194);
  midge_wish_release(wish);
  assert_true(midge_parcel_is_taken(parcel));
  midge_mailbox_give_back(&mailbox, parcel);
  put_draft(291, payload_of(291));
  midge_mailbox_free(&mailbox); /* frees what nobody took */
}

enum { THREADS = 8, EACH = 20000 };

static void *put_many(void *context) {
  uint64_t thread = (uint64_t)(uintptr_t)context;
  for (uint64_t i = 0; i < EACH; i++) {
    uint64_t number = thread << 32 | i;
    midge_wish wish = publish_of(number, payload_of(number));
    bool ring;
    if (wish.publish.payload.size > 10000)
      wish.draft = midge_message_draft(&midge_allocator_default, &wish.publish);
    midge_status status = midge_mailbox_put(&mailbox, &wish, &ring);
    midge_buffer_release(wish.draft);
    if (status != MIDGE_OK) return context;
  }
  return NULL;
}

static void many_threads_put_while_one_takes(void **state) {
  (void)state;
  start();
  pthread_t threads[THREADS];
  uint64_t expected[THREADS] = {0};
  size_t total = 0;
  for (uintptr_t t = 0; t < THREADS; t++)
    pthread_create(&threads[t], NULL, put_many, (void *)t);
  while (total < (size_t)THREADS * EACH) {
    midge_parcel *parcel = midge_mailbox_take(&mailbox);
    while (parcel != NULL) {
      midge_parcel *next = parcel->next;
      const midge_wish *wish;
      while ((wish = midge_parcel_next(parcel)) != NULL) {
        uint64_t *number = &expected[wish->token >> 32];
        expect_wish(wish, (wish->token >> 32 << 32) | (*number)++);
        midge_wish_release(wish);
        total++;
      }
      midge_mailbox_give_back(&mailbox, parcel);
      parcel = next;
    }
  }
  for (size_t t = 0; t < THREADS; t++) {
    void *failed;
    pthread_join(threads[t], &failed);
    assert_null(failed);
  }
  midge_mailbox_free(&mailbox);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wishes_come_out_in_order),
      cmocka_unit_test(everything_a_wish_points_at_is_copied),
      cmocka_unit_test(only_a_sleeping_reactor_is_rung),
      cmocka_unit_test(a_lent_parcel_keeps_its_place),
      cmocka_unit_test(a_draft_is_held_until_its_wish_was_taken),
      cmocka_unit_test(many_threads_put_while_one_takes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
