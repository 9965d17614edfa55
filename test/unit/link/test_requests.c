/* What the program wishes of the session, as the server sees it. */
#include "base/allocator.h"
#include "engine/message.h"
#include "life.h"

static life l;

static void begin(midge_client_options options) {
  life_start(&l, options);
  wish(&l, MIDGE_WISH_CONNECT);
  expect(&l, MIDGE_EVENT_CONNECTING);
}

static void expect_left(midge_slice bytes) {
  leave(&l);
  assert_true(has_left(&l, bytes));
}

static void a_subscribe_ends_with_its_answer(void **state) {
  (void)state;
  const midge_subscription list[] = {
      {.filter = MIDGE_TEXT("a"), .qos = MIDGE_AT_LEAST_ONCE}};
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_wish one = {.type = MIDGE_WISH_SUBSCRIBE, .token = 5, .cost = 9};
  one.subscribe.list = list;
  one.subscribe.count = 1;
  midge_link_wish(l.link, &one);
  expect_left(
      MIDGE_TEXT("\x82\x07\x00\x01\x00\x00\x01"
                 "a\x01"));
  receive(&l, MIDGE_TEXT("\x90\x04\x00\x01\x00\x01"));
  expect_done(&l, 5, MIDGE_OK);
  assert_true(midge_slice_equal(l.event.done.reasons, MIDGE_TEXT("\x01")));
  assert_int_equal(midge_link_freed(l.link).bytes, 9);
  life_end(&l);
}

static void an_unsubscribe_ends_with_its_answer(void **state) {
  (void)state;
  const midge_slice list[] = {MIDGE_TEXT("a")};
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_wish one = {.type = MIDGE_WISH_UNSUBSCRIBE, .token = 6, .cost = 8};
  one.unsubscribe.list = list;
  one.unsubscribe.count = 1;
  midge_link_wish(l.link, &one);
  expect_left(
      MIDGE_TEXT("\xa2\x06\x00\x01\x00\x00\x01"
                 "a"));
  receive(&l, MIDGE_TEXT("\xb0\x04\x00\x01\x00\x11"));
  expect_done(&l, 6, MIDGE_OK);
  assert_true(midge_slice_equal(l.event.done.reasons, MIDGE_TEXT("\x11")));
  assert_int_equal(midge_link_freed(l.link).bytes, 8);
  life_end(&l);
}

static midge_wish bundle_of(const char *records, size_t size) {
  midge_wish one = {.type = MIDGE_WISH_PUBLISH_BUNDLE, .token = 100, .cost = 9};
  one.bundle = (midge_bundle){
      .records = midge_slice_of((const uint8_t *)records, size), .count = 2};
  return one;
}

static void a_bundle_ends_as_many(void **state) {
  (void)state;
  static const char records[] = "\0\1\0\1\0ax\2\1\0y";
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_wish two = bundle_of(records, sizeof records - 1);
  midge_link_wish(l.link, &two);
  expect_left(
      MIDGE_TEXT("\x30\x05\x00\x01"
                 "a\x00x\x30\x05\x00\x01"
                 "a\x00y"));
  expect_done(&l, 100, MIDGE_OK);
  assert_int_equal(l.event.done.count, 2);
  midge_freed freed = midge_link_freed(l.link);
  assert_int_equal(freed.messages, 2);
  assert_int_equal(freed.bytes, 9);
  life_end(&l);
}

static void a_bundle_that_is_refused_ends_as_many(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_wish two = bundle_of("\0", 1);
  midge_link_wish(l.link, &two);
  expect_done(&l, 100, MIDGE_EINVAL);
  assert_int_equal(l.event.done.count, 2);
  assert_int_equal(midge_link_freed(l.link).messages, 2);
  life_end(&l);
}

static void what_the_session_refuses_ends_at_once(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_wish one = {.type = MIDGE_WISH_UNSUBSCRIBE, .token = 6, .cost = 8};
  midge_link_wish(l.link, &one);
  expect_done(&l, 6, MIDGE_EINVAL);
  one.type = MIDGE_WISH_SUBSCRIBE;
  midge_link_wish(l.link, &one);
  expect_done(&l, 6, MIDGE_EINVAL);
  leave(&l);
  assert_int_equal(l.output_size, 0);
  life_end(&l);
}

/* The draft is ours as well: who else holds it, shows. */
static midge_buffer *publish_draft(const char *topic) {
  midge_wish one = {.type = MIDGE_WISH_PUBLISH, .token = 7, .cost = 10};
  one.publish = (midge_publish){.topic = midge_slice_text(topic),
                                .payload = MIDGE_TEXT("on"),
                                .retain = true};
  one.draft = midge_message_draft(&midge_allocator_default, &one.publish);
  assert_non_null(one.draft);
  midge_link_wish(l.link, &one);
  return one.draft;
}

static void expect_let_go(midge_buffer *draft) {
  assert_int_equal(atomic_load(&draft->holders), 1);
  midge_buffer_release(draft);
}

static void a_draft_becomes_the_message(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_buffer *draft = publish_draft("t");
  assert_int_equal(atomic_load(&draft->holders), 2);
  expect_left(MIDGE_TEXT("\x31\x06\x00\x01t\x00on"));
  expect_done(&l, 7, MIDGE_OK);
  expect_let_go(draft);
  life_end(&l);
}

static void a_draft_that_is_refused_is_let_go(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  midge_buffer *draft = publish_draft("#");
  expect_done(&l, 7, MIDGE_EINVAL);
  expect_let_go(draft);
  life_end(&l);
}

static void a_draft_waits_for_a_goodbye(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  midge_buffer *draft = publish_draft("t");
  assert_int_equal(atomic_load(&draft->holders), 2);
  leave(&l);
  midge_link_ended(l.link, midge_link_attempt(l.link));
  expect_closed(&l, MIDGE_OK);
  expect_done(&l, 7, MIDGE_ECLOSED); /* nobody has asked for another */
  expect_let_go(draft);
  life_end(&l);
}

static void a_draft_that_waits_goes_with_its_link(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  open_up(&l);
  wish(&l, MIDGE_WISH_DISCONNECT);
  midge_buffer *draft = publish_draft("t");
  life_end(&l);
  expect_let_go(draft);
}

static void a_message_is_answered_by_hand(void **state) {
  (void)state;
  begin((midge_client_options){.session.acknowledge_by_hand = true});
  open_up(&l);
  receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x09\x00"));
  expect(&l, MIDGE_EVENT_MESSAGE);
  leave(&l);
  assert_int_equal(l.output_size, 0);
  midge_wish one = {.type = MIDGE_WISH_ACKNOWLEDGE};
  one.acknowledge.packet_id = 9;
  one.acknowledge.reason = MIDGE_REASON_NOT_AUTHORIZED;
  midge_link_wish(l.link, &one);
  expect_left(MIDGE_TEXT("\x40\x03\x00\x09\x87"));
  midge_link_wish(l.link, &one); /* nothing is left to answer */
  leave(&l);
  assert_int_equal(l.output_size, 0);
  expect_nothing(&l);
  life_end(&l);
}

/* The program answers on a later connection what came on the first: of QoS 2 it
 * counts, unless the session there is another one. MQTT 3.1 does not say. */
static void an_answer_outlives_its_connection_in_its_session(void **state) {
  (void)state;
  static const struct {
    midge_version version;
    bool clean_start, same;
  } cases[] = {{MIDGE_MQTT_3_1_1, false, false},
               {MIDGE_MQTT_3_1, false, true},
               {MIDGE_MQTT_3_1, true, false}};
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    bool same = cases[c].same;
    begin((midge_client_options){
        .session = {.version = cases[c].version,
                    .clean_start = cases[c].clean_start,
                    .session_expiry_s = cases[c].clean_start ? 0 : 60,
                    .acknowledge_by_hand = true}});
    for (int times = 0; times < 2; times++) {
      dial(&l);
      leave(&l);
      receive(&l, MIDGE_TEXT("\x20\x02\x00\x00"));
      expect(&l, MIDGE_EVENT_OPENED);
      if (times != 0) break;
      receive(&l, MIDGE_TEXT("\x34\x05\x00\x01t\x00\x09"));
      expect(&l, MIDGE_EVENT_MESSAGE);
      break_off(&l);
      expect_closed(&l, MIDGE_ELOST);
      pass(&l, l.event.closed.retry_ms);
      expect(&l, MIDGE_EVENT_CONNECTING);
    }
    midge_wish one = {.type = MIDGE_WISH_ACKNOWLEDGE};
    one.acknowledge.packet_id = 9;
    one.acknowledge.attempt = 1;
    one.acknowledge.qos = MIDGE_EXACTLY_ONCE;
    midge_link_wish(l.link, &one);
    receive(&l, MIDGE_TEXT("\x3c\x05\x00\x01t\x00\x09"));
    if (same) {
      expect_left(MIDGE_TEXT("\x50\x02\x00\x09"));
      expect_nothing(&l);
    } else {
      expect(&l, MIDGE_EVENT_MESSAGE);
      midge_link_wish(l.link, &one); /* this one is of the other session */
      leave(&l);
      assert_int_equal(l.output_size, 0);
    }
    life_end(&l);
  }
}

/* Its identifier may be another message's there. */
static void an_answer_to_qos_1_is_for_its_connection(void **state) {
  (void)state;
  begin((midge_client_options){.session.acknowledge_by_hand = true,
                               .session.session_expiry_s = 60});
  midge_wish one = {.type = MIDGE_WISH_ACKNOWLEDGE};
  one.acknowledge.packet_id = 9;
  one.acknowledge.qos = MIDGE_AT_LEAST_ONCE;
  for (int times = 0; times < 2; times++) {
    open_up(&l);
    receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x09\x00"));
    expect(&l, MIDGE_EVENT_MESSAGE);
    if (times != 0) break;
    break_off(&l);
    expect_closed(&l, MIDGE_ELOST);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  one.acknowledge.attempt = 1;
  midge_link_wish(l.link, &one);
  leave(&l);
  assert_int_equal(l.output_size, 0);
  one.acknowledge.attempt = 2;
  midge_link_wish(l.link, &one);
  expect_left(MIDGE_TEXT("\x40\x02\x00\x09"));
  life_end(&l);
}

/* As above, for each of them by itself. */
static void a_list_of_answers_is_made(void **state) {
  (void)state;
  begin((midge_client_options){.session.acknowledge_by_hand = true,
                               .session.session_expiry_s = 60});
  const midge_answer answers[] = {
      {.packet_id = 9, .qos = MIDGE_AT_LEAST_ONCE},
      {.packet_id = 8,
       .qos = MIDGE_EXACTLY_ONCE,
       .reason = MIDGE_REASON_NOT_AUTHORIZED},
      {.packet_id = 7, .qos = MIDGE_AT_LEAST_ONCE}, /* there is none */
      {.packet_id = 6, .qos = MIDGE_AT_LEAST_ONCE},
  };
  midge_wish list = {.type = MIDGE_WISH_ANSWER};
  list.answer.list = answers;
  list.answer.count = 4;
  open_up(&l);
  receive(&l, MIDGE_TEXT("\x32\x06\x00\x01t\x00\x09\x00"
                         "\x34\x06\x00\x01t\x00\x08\x00"
                         "\x32\x06\x00\x01t\x00\x06\x00"));
  for (int i = 0; i < 3; i++) expect(&l, MIDGE_EVENT_MESSAGE);
  list.answer.attempt = 2; /* of QoS 2 the session counts */
  midge_link_wish(l.link, &list);
  list.answer.attempt = 1;
  midge_link_wish(l.link, &list);
  expect_left(
      MIDGE_TEXT("\x40\x02\x00\x09\x50\x03\x00\x08\x87"
                 "\x40\x02\x00\x06"));
  expect_nothing(&l);
  life_end(&l);
}

static void a_ping_is_sent_put_off_and_seen(void **state) {
  (void)state;
  begin((midge_client_options){.session.keep_alive_s = 10});
  midge_wish trace = {.type = MIDGE_WISH_TRACE, .trace.on = true};
  wish(&l, MIDGE_WISH_PING); /* to nobody */
  midge_link_wish(l.link, &trace);
  open_up(&l);
  midge_time due = midge_link_deadline(l.link);
  pass(&l, 1000);
  wish(&l, MIDGE_WISH_POSTPONE_PING);
  assert_int_equal(midge_link_deadline(l.link), due + 1000);
  wish(&l, MIDGE_WISH_PING);
  expect(&l, MIDGE_EVENT_PACKET);
  assert_int_equal(l.event.packet.type, MIDGE_PINGREQ);
  assert_true(l.event.packet.sent);
  expect_left(MIDGE_TEXT("\xc0\x00"));
  trace.trace.on = false;
  midge_link_wish(l.link, &trace);
  receive(&l, MIDGE_TEXT("\xd0\x00"));
  expect_nothing(&l);
  life_end(&l);
}

/* The server asks before it accepts us. */
static void a_server_that_asks_is_answered(void **state) {
  (void)state;
  const midge_property method = {.id = MIDGE_AUTHENTICATION_METHOD,
                                 .value = MIDGE_TEXT("m")};
  const midge_property data = {.id = MIDGE_AUTHENTICATION_DATA,
                               .value = MIDGE_TEXT("answer")};
  begin((midge_client_options){.session.properties = {&method, 1}});
  dial(&l);
  leave(&l);
  receive(&l, MIDGE_TEXT("\xf0\x06\x18\x04\x15\x00\x01m"));
  expect(&l, MIDGE_EVENT_AUTHENTICATE);
  assert_int_equal(l.event.attempt, 1);
  assert_int_equal(l.event.connect, 1);
  assert_int_equal(l.event.authenticate.reason,
                   MIDGE_REASON_CONTINUE_AUTHENTICATION);
  midge_wish one = {.type = MIDGE_WISH_AUTHENTICATE};
  one.authenticate.reason = MIDGE_REASON_CONTINUE_AUTHENTICATION;
  one.authenticate.properties = (midge_properties){&data, 1};
  midge_link_wish(l.link, &one);
  expect_left(
      MIDGE_TEXT("\x16\x00\x06"
                 "answer"));
  receive(&l, MIDGE_TEXT("\x20\x07\x00\x00\x04\x15\x00\x01m"));
  expect(&l, MIDGE_EVENT_OPENED);
  life_end(&l);
}

static void a_will_holds_from_the_next_connection_on(void **state) {
  (void)state;
  begin((midge_client_options){.ask = true});
  midge_wish one = {.type = MIDGE_WISH_SET_WILL};
  one.will.given = true;
  one.will.publish = (midge_publish){.topic = MIDGE_TEXT("gone"),
                                     .payload = MIDGE_TEXT("farewell")};
  for (int given = 1; given >= 0; given--) {
    one.will.given = given != 0;
    midge_link_wish(l.link, &one);
    midge_wish go = {.type = MIDGE_WISH_PROCEED};
    go.proceed.number = l.event.attempt;
    midge_link_wish(l.link, &go);
    dial(&l);
    leave(&l);
    assert_int_equal(has_left(&l, MIDGE_TEXT("\x00\x04gone\x00\x08"
                                             "farewell")),
                     given);
    break_off(&l);
    expect_closed(&l, MIDGE_ELOST);
    pass(&l, l.event.closed.retry_ms);
    expect(&l, MIDGE_EVENT_CONNECTING);
  }
  life_end(&l);
}

static void nothing_is_cancelled_that_is_not_there(void **state) {
  (void)state;
  begin((midge_client_options){.nagle = false});
  publish(&l, 1, MIDGE_AT_LEAST_ONCE, "first");
  midge_link_wish(l.link, &(midge_wish){.type = MIDGE_WISH_CANCEL, .token = 2});
  expect_nothing(&l);
  open_up(&l);
  expect_left(MIDGE_TEXT("first"));
  life_end(&l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_subscribe_ends_with_its_answer),
      cmocka_unit_test(an_unsubscribe_ends_with_its_answer),
      cmocka_unit_test(a_bundle_ends_as_many),
      cmocka_unit_test(a_bundle_that_is_refused_ends_as_many),
      cmocka_unit_test(what_the_session_refuses_ends_at_once),
      cmocka_unit_test(a_draft_becomes_the_message),
      cmocka_unit_test(a_draft_that_is_refused_is_let_go),
      cmocka_unit_test(a_draft_waits_for_a_goodbye),
      cmocka_unit_test(a_draft_that_waits_goes_with_its_link),
      cmocka_unit_test(a_message_is_answered_by_hand),
      cmocka_unit_test(an_answer_outlives_its_connection_in_its_session),
      cmocka_unit_test(an_answer_to_qos_1_is_for_its_connection),
      cmocka_unit_test(a_list_of_answers_is_made),
      cmocka_unit_test(a_ping_is_sent_put_off_and_seen),
      cmocka_unit_test(a_server_that_asks_is_answered),
      cmocka_unit_test(a_will_holds_from_the_next_connection_on),
      cmocka_unit_test(nothing_is_cancelled_that_is_not_there),
  };
  return cmocka_run_group_tests_name("requests", tests, NULL, NULL);
}
