/* Wishes are copied whole into one piece: what they pointed at may change. */
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "link/wish.h"
#include "unit/harness.h"

/* What the wishes below point at, to be scribbled over. */
static char topic[] = "a/b", payload[] = "on", name[] = "n", value[] = "v";
static char filter_one[] = "a/#", filter_two[] = "b";
static midge_property properties[1];
static midge_subscription subscriptions[2];
static midge_slice slices[2];

static midge_slice of(const char *text) {
  return midge_slice_text(text);
}

static void set_up(void) {
  strcpy(topic, "a/b");
  strcpy(payload, "on");
  strcpy(name, "n");
  strcpy(value, "v");
  strcpy(filter_one, "a/#");
  strcpy(filter_two, "b");
  properties[0] = (midge_property){
      .id = MIDGE_USER_PROPERTY, .name = of(name), .value = of(value)};
  subscriptions[0] =
      (midge_subscription){.filter = of(filter_one), .qos = MIDGE_EXACTLY_ONCE};
  subscriptions[1] =
      (midge_subscription){.filter = of(filter_two), .no_local = true};
  slices[0] = of(filter_one);
  slices[1] = of(filter_two);
}

/* A copy in exactly the memory that was said; the originals are gone. */
static midge_wish *copied(const midge_wish *wish) {
  size_t size = midge_wish_size(wish);
  assert_int_equal(size % _Alignof(max_align_t), 0);
  midge_wish *copy = test_malloc(size);
  midge_wish_copy(copy, wish);
  assert_int_equal(copy->size, size);
  assert_int_equal(copy->type, wish->type);
  assert_int_equal(copy->token, wish->token);
  memset(topic, 'x', strlen(topic));
  memset(payload, 'x', strlen(payload));
  memset(name, 'x', strlen(name));
  memset(value, 'x', strlen(value));
  memset(filter_one, 'x', strlen(filter_one));
  memset(filter_two, 'x', strlen(filter_two));
  memset(properties, 0xff, sizeof properties);
  memset(subscriptions, 0xff, sizeof subscriptions);
  memset(slices, 0xff, sizeof slices);
  return copy;
}

static void expect_text(midge_slice slice, const char *text) {
  assert_true(midge_slice_equal(slice, midge_slice_text(text)));
}

static void expect_properties(midge_properties copy) {
  assert_int_equal(copy.count, 1);
  assert_int_equal(copy.list[0].id, MIDGE_USER_PROPERTY);
  expect_text(copy.list[0].name, "n");
  expect_text(copy.list[0].value, "v");
}

static midge_publish a_publish(void) {
  return (midge_publish){.topic = of(topic),
                         .payload = of(payload),
                         .qos = MIDGE_EXACTLY_ONCE,
                         .properties = {properties, 1}};
}

static void expect_publish(const midge_publish *publish) {
  expect_text(publish->topic, "a/b");
  expect_text(publish->payload, "on");
  assert_int_equal(publish->qos, MIDGE_EXACTLY_ONCE);
  expect_properties(publish->properties);
}

static void a_publish_is_copied(void **state) {
  (void)state;
  set_up();
  midge_wish wish = {.type = MIDGE_WISH_PUBLISH, .token = 7};
  wish.publish = a_publish();
  midge_wish *copy = copied(&wish);
  expect_publish(&copy->publish);
  test_free(copy);
}

static void a_publish_without_anything_is_copied(void **state) {
  (void)state;
  set_up();
  midge_wish wish = {.type = MIDGE_WISH_PUBLISH};
  midge_wish *copy = copied(&wish);
  assert_null(copy->publish.topic.data);
  assert_null(copy->publish.payload.data);
  assert_int_equal(copy->publish.properties.count, 0);
  test_free(copy);
}

static void a_bundle_is_copied(void **state) {
  (void)state;
  midge_wish wish = {.type = MIDGE_WISH_PUBLISH_BUNDLE, .token = 7};
  wish.bundle = (midge_bundle){.records = MIDGE_TEXT("records"), .count = 3};
  midge_wish *copy = copied(&wish);
  assert_ptr_not_equal(copy->bundle.records.data, wish.bundle.records.data);
  expect_text(copy->bundle.records, "records");
  assert_int_equal(copy->bundle.count, 3);
  test_free(copy);
}

static void answers_are_copied(void **state) {
  (void)state;
  midge_answer answers[] = {{.packet_id = 9, .qos = 1},
                            {.packet_id = 8, .qos = 2, .reason = 0x87}};
  midge_wish wish = {.type = MIDGE_WISH_ANSWER};
  wish.answer.list = answers;
  wish.answer.count = 2;
  wish.answer.attempt = 3;
  set_up();
  midge_wish *copy = copied(&wish);
  memset(answers, 0xff, sizeof answers);
  assert_int_equal(copy->answer.count, 2);
  assert_int_equal(copy->answer.attempt, 3);
  assert_int_equal(copy->answer.list[0].packet_id, 9);
  assert_int_equal(copy->answer.list[1].reason, 0x87);
  test_free(copy);
}

static void a_will_is_copied(void **state) {
  (void)state;
  set_up();
  midge_wish wish = {.type = MIDGE_WISH_SET_WILL};
  wish.will.given = true;
  wish.will.publish = a_publish();
  midge_wish *copy = copied(&wish);
  assert_true(copy->will.given);
  expect_publish(&copy->will.publish);
  test_free(copy);
}

static void a_subscribe_is_copied(void **state) {
  (void)state;
  set_up();
  midge_wish wish = {.type = MIDGE_WISH_SUBSCRIBE, .token = 8};
  wish.subscribe.list = subscriptions;
  wish.subscribe.count = 2;
  wish.subscribe.options.properties = (midge_properties){properties, 1};
  wish.subscribe.options.ttl_ms = 5;
  midge_wish *copy = copied(&wish);
  assert_int_equal(copy->subscribe.count, 2);
  expect_text(copy->subscribe.list[0].filter, "a/#");
  assert_int_equal(copy->subscribe.list[0].qos, MIDGE_EXACTLY_ONCE);
  expect_text(copy->subscribe.list[1].filter, "b");
  assert_true(copy->subscribe.list[1].no_local);
  assert_int_equal(copy->subscribe.options.ttl_ms, 5);
  expect_properties(copy->subscribe.options.properties);
  test_free(copy);
}

static void an_unsubscribe_is_copied(void **state) {
  (void)state;
  set_up();
  midge_wish wish = {.type = MIDGE_WISH_UNSUBSCRIBE, .token = 9};
  wish.unsubscribe.list = slices;
  wish.unsubscribe.count = 2;
  wish.unsubscribe.options.properties = (midge_properties){properties, 1};
  midge_wish *copy = copied(&wish);
  assert_int_equal(copy->unsubscribe.count, 2);
  expect_text(copy->unsubscribe.list[0], "a/#");
  expect_text(copy->unsubscribe.list[1], "b");
  expect_properties(copy->unsubscribe.options.properties);
  test_free(copy);
}

static void auth_and_disconnect_are_copied(void **state) {
  (void)state;
  set_up();
  midge_wish auth = {.type = MIDGE_WISH_AUTHENTICATE};
  auth.authenticate.reason = MIDGE_REASON_REAUTHENTICATE;
  auth.authenticate.properties = (midge_properties){properties, 1};
  midge_wish *copy = copied(&auth);
  assert_int_equal(copy->authenticate.reason, MIDGE_REASON_REAUTHENTICATE);
  expect_properties(copy->authenticate.properties);
  test_free(copy);

  set_up();
  midge_wish goodbye = {.type = MIDGE_WISH_DISCONNECT};
  goodbye.disconnect.force = true;
  goodbye.disconnect.properties = (midge_properties){properties, 1};
  copy = copied(&goodbye);
  assert_true(copy->disconnect.force);
  expect_properties(copy->disconnect.properties);
  test_free(copy);
}

/* Null is not the same as nothing: it leaves headers and names as they were. */
static void what_an_attempt_is_given_is_copied(void **state) {
  (void)state;
  set_up();
  midge_wish wish = {.type = MIDGE_WISH_PROCEED};
  wish.proceed.number = 3;
  wish.proceed.attempt = (midge_attempt){.url = of(topic),
                                         .user_name = of(name),
                                         .headers = slices,
                                         .header_count = 2};
  const midge_identity identity = {.client_id = of(name)};
  const midge_tls_options tls = {.ca = of(topic),
                                 .key_log_file = of(name),
                                 .alpn = slices,
                                 .alpn_count = 2};
  wish.proceed.attempt.identity = &identity;
  wish.proceed.attempt.tls = &tls;
  midge_wish *copy = copied(&wish);
  const midge_attempt *attempt = &copy->proceed.attempt;
  assert_int_equal(copy->proceed.number, 3);
  expect_text(attempt->url, "a/b");
  expect_text(attempt->user_name, "n");
  assert_null(attempt->password.data);
  expect_text(attempt->headers[0], "a/#");
  expect_text(attempt->headers[1], "b");
  expect_text(attempt->identity->client_id, "n");
  expect_text(attempt->tls->ca, "a/b");
  assert_null(attempt->tls->ca_path.data);
  expect_text(attempt->tls->key_log_file, "n");
  expect_text(attempt->tls->alpn[0], "a/#");
  expect_text(attempt->tls->alpn[1], "b");
  test_free(copy);

  set_up();
  wish.proceed.attempt = (midge_attempt){.headers = slices, .header_count = 0};
  copy = copied(&wish);
  assert_non_null(copy->proceed.attempt.headers);
  assert_int_equal(copy->proceed.attempt.header_count, 0);
  test_free(copy);

  wish.proceed.attempt = (midge_attempt){.header_count = 0};
  copy = copied(&wish);
  assert_null(copy->proceed.attempt.headers);
  test_free(copy);
}

static void what_points_at_nothing_is_copied_as_it_is(void **state) {
  (void)state;
  midge_wish wish = {.type = MIDGE_WISH_ACKNOWLEDGE};
  wish.acknowledge.packet_id = 12;
  midge_wish *copy = copied(&wish);
  assert_int_equal(copy->acknowledge.packet_id, 12);
  assert_true(copy->size < sizeof wish + _Alignof(max_align_t));
  test_free(copy);
}

static void facts_of_a_transport_are_copied(void **state) {
  (void)state;
  set_up();
  midge_wish received = {.type = MIDGE_WISH_RECEIVED};
  received.told.attempt = 7;
  received.told.bytes = of(payload);
  midge_wish *copy = copied(&received);
  expect_text(copy->told.bytes, "on");
  assert_null(copy->told.code.data);
  assert_int_equal(copy->told.attempt, 7);
  test_free(copy);
  set_up();
  midge_wish broken = {.type = MIDGE_WISH_BROKEN};
  broken.told.bytes = of(topic);
  broken.told.code = of(name);
  copy = copied(&broken);
  expect_text(copy->told.bytes, "a/b");
  expect_text(copy->told.code, "n");
  test_free(copy);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_publish_is_copied),
      cmocka_unit_test(a_publish_without_anything_is_copied),
      cmocka_unit_test(a_bundle_is_copied),
      cmocka_unit_test(answers_are_copied),
      cmocka_unit_test(a_will_is_copied),
      cmocka_unit_test(a_subscribe_is_copied),
      cmocka_unit_test(an_unsubscribe_is_copied),
      cmocka_unit_test(auth_and_disconnect_are_copied),
      cmocka_unit_test(what_an_attempt_is_given_is_copied),
      cmocka_unit_test(what_points_at_nothing_is_copied_as_it_is),
      cmocka_unit_test(facts_of_a_transport_are_copied),
  };
  return cmocka_run_group_tests_name("wish", tests, NULL, NULL);
}
