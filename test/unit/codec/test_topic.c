#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "expect.h"

static midge_status topic(const char *text) {
  return midge_topic_check(midge_slice_text(text), MIDGE_TEXT_STRICT);
}

static midge_status filter(const char *text) {
  return midge_filter_check(midge_slice_text(text), MIDGE_TEXT_STRICT);
}

static bool matches(const char *wanted, const char *name) {
  return midge_filter_matches(midge_slice_text(wanted), midge_slice_text(name));
}

/* `size` times the same character. */
static midge_slice repeated(char character, size_t size) {
  static char bytes[70000];
  assert_true(size <= sizeof bytes);
  memset(bytes, character, size);
  return midge_slice_of(bytes, size);
}

static void text_is_utf_8_of_at_most_65535_bytes(void **state) {
  (void)state;
  assert_int_equal(midge_text_check(MIDGE_NO_SLICE, MIDGE_TEXT_STRICT),
                   MIDGE_OK);
  assert_int_equal(
      midge_text_check(MIDGE_TEXT("gr\xC3\xBC"), MIDGE_TEXT_STRICT), MIDGE_OK);
  assert_int_equal(midge_text_check(MIDGE_TEXT("\xC3"), MIDGE_TEXT_LENIENT),
                   MIDGE_EUTF8);
  assert_int_equal(midge_text_check(repeated('a', 65535), MIDGE_TEXT_STRICT),
                   MIDGE_OK);
  assert_int_equal(midge_text_check(repeated('a', 65536), MIDGE_TEXT_STRICT),
                   MIDGE_EINVAL);
}

static void control_characters_are_a_matter_of_policy(void **state) {
  (void)state;
  midge_slice text = MIDGE_TEXT("a\nb");
  assert_int_equal(midge_text_check(text, MIDGE_TEXT_STRICT), MIDGE_EUTF8);
  assert_int_equal(midge_text_check(text, MIDGE_TEXT_LENIENT), MIDGE_OK);
  assert_int_equal(midge_topic_check(text, MIDGE_TEXT_STRICT), MIDGE_EUTF8);
  assert_int_equal(midge_topic_check(text, MIDGE_TEXT_LENIENT), MIDGE_OK);
  assert_int_equal(midge_filter_check(text, MIDGE_TEXT_STRICT), MIDGE_EUTF8);
  assert_int_equal(midge_filter_check(text, MIDGE_TEXT_LENIENT), MIDGE_OK);
  midge_slice with_nul = MIDGE_TEXT("a\0b");
  assert_int_equal(midge_text_check(with_nul, MIDGE_TEXT_LENIENT), MIDGE_EUTF8);
}

/* However long the topic is, and wherever in it a byte stands. */
static void each_byte_of_a_topic_is_looked_at(void **state) {
  (void)state;
  for (size_t size = 1; size <= 25; size++)
    for (size_t at = 0; at < size; at++)
      for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t bytes[25];
        memset(bytes, '$' + (int)(size % 3), sizeof bytes);
        bytes[at] = (uint8_t)byte;
        midge_status expected = MIDGE_OK;
        if (byte < 0x20 || byte >= 0x7F) expected = MIDGE_EUTF8;
        if (byte == '+' || byte == '#') expected = MIDGE_EINVAL;
        midge_slice name = midge_slice_of(bytes, size);
        assert_int_equal(midge_topic_check(name, MIDGE_TEXT_STRICT), expected);
      }
}

static void a_topic_name_has_no_wildcard_and_is_not_empty(void **state) {
  (void)state;
  assert_int_equal(topic("a"), MIDGE_OK);
  assert_int_equal(topic("/"), MIDGE_OK);
  assert_int_equal(topic("a//b/"), MIDGE_OK);
  assert_int_equal(topic("$SYS/x"), MIDGE_OK);
  assert_int_equal(topic(""), MIDGE_EINVAL);
  assert_int_equal(topic(NULL), MIDGE_EINVAL);
  assert_int_equal(topic("a/#"), MIDGE_EINVAL);
  assert_int_equal(topic("a+b"), MIDGE_EINVAL);
  assert_int_equal(topic("\xFF"), MIDGE_EUTF8);
  assert_int_equal(midge_topic_check(repeated('a', 65536), MIDGE_TEXT_STRICT),
                   MIDGE_EINVAL);
}

/* [MQTT-4.7.1-1, -2], with the examples of 4.7.1.2 and 4.7.1.3. */
static void wildcards_of_a_filter_are_whole_levels(void **state) {
  (void)state;
  const char *good[] = {"#",       "+",       "sport/#",    "sport/tennis/#",
                        "+/+",     "/+",      "+/tennis/#", "a/+/b",
                        "sport/+", "$SYS/#",  "/",          "a",
                        "//#",     "+/+/+/#", "a//b"};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    assert_int_equal(filter(good[i]), MIDGE_OK);
  const char *bad[] = {"",
                       "sport/tennis#",
                       "sport/tennis/#/ranking",
                       "sport+",
                       "+a",
                       "a/+b",
                       "##",
                       "#/",
                       "++",
                       "+#",
                       "a/b+/c",
                       "#a",
                       "a/#b"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    assert_int_equal(filter(bad[i]), MIDGE_EINVAL);
  assert_int_equal(filter("\xFF"), MIDGE_EUTF8);
}

/* [MQTT-4.8.2-1, -2]. */
static void a_shared_filter_has_a_share_name_and_a_filter(void **state) {
  (void)state;
  assert_int_equal(filter("$share/consumer/a"), MIDGE_OK);
  assert_int_equal(filter("$share/consumer//finance"), MIDGE_OK);
  assert_int_equal(filter("$share/consumer/+/#"), MIDGE_OK);
  assert_int_equal(filter("$share/c//"), MIDGE_OK);
  assert_int_equal(filter("$share"), MIDGE_OK); /* not shared */
  assert_int_equal(filter("$shared/a"), MIDGE_OK);
  assert_int_equal(filter("$share/"), MIDGE_EINVAL);
  assert_int_equal(filter("$share//a"), MIDGE_EINVAL);
  assert_int_equal(filter("$share/consumer"), MIDGE_EINVAL);
  assert_int_equal(filter("$share/consumer/"), MIDGE_EINVAL);
  assert_int_equal(filter("$share/+/a"), MIDGE_EINVAL);
  assert_int_equal(filter("$share/#"), MIDGE_EINVAL);
}

static void shared_filters_are_told_by_their_prefix(void **state) {
  (void)state;
  assert_true(midge_filter_is_shared(MIDGE_TEXT("$share/g/a")));
  assert_true(midge_filter_is_shared(MIDGE_TEXT("$share/")));
  assert_false(midge_filter_is_shared(MIDGE_TEXT("$share")));
  assert_false(midge_filter_is_shared(MIDGE_TEXT("$Share/g/a")));
  assert_false(midge_filter_is_shared(MIDGE_TEXT("a/$share/g")));
  assert_false(midge_filter_is_shared(MIDGE_NO_SLICE));
}

static void wildcards_are_found(void **state) {
  (void)state;
  assert_true(midge_filter_has_wildcard(MIDGE_TEXT("a/+")));
  assert_true(midge_filter_has_wildcard(MIDGE_TEXT("#")));
  assert_false(midge_filter_has_wildcard(MIDGE_TEXT("a/b")));
  assert_false(midge_filter_has_wildcard(MIDGE_NO_SLICE));
}

static void a_plain_filter_matches_itself_only(void **state) {
  (void)state;
  assert_true(matches("a/b", "a/b"));
  assert_true(matches("/", "/"));
  assert_true(matches("a//b", "a//b"));
  assert_false(matches("a/b", "a/B"));
  assert_false(matches("a/b", "a/b/"));
  assert_false(matches("a/b", "/a/b"));
  assert_false(matches("a/b", "a"));
  assert_false(matches("a", "a/b"));
  assert_false(matches("ACCOUNTS", "Accounts"));
}

/* The examples of 4.7.1.2. */
static void a_number_sign_matches_the_parent_and_all_below(void **state) {
  (void)state;
  assert_true(matches("sport/tennis/player1/#", "sport/tennis/player1"));
  assert_true(
      matches("sport/tennis/player1/#", "sport/tennis/player1/ranking"));
  assert_true(matches("sport/tennis/player1/#",
                      "sport/tennis/player1/score/wimbledon"));
  assert_true(matches("sport/#", "sport"));
  assert_true(matches("sport/#", "sport/"));
  assert_false(matches("sport/#", "sports"));
  assert_true(matches("#", "a"));
  assert_true(matches("#", "/"));
  assert_true(matches("#", "a/b/c"));
}

/* The examples of 4.7.1.3. */
static void a_plus_sign_matches_one_level(void **state) {
  (void)state;
  assert_true(matches("sport/tennis/+", "sport/tennis/player1"));
  assert_false(matches("sport/tennis/+", "sport/tennis/player1/ranking"));
  assert_false(matches("sport/+", "sport"));
  assert_true(matches("sport/+", "sport/"));
  assert_true(matches("+/+", "/finance"));
  assert_true(matches("/+", "/finance"));
  assert_false(matches("+", "/finance"));
  assert_true(matches("a/+/c", "a//c"));
  assert_true(matches("+/b/#", "a/b"));
  assert_true(matches("+/#", "a"));
}

/* [MQTT-4.7.2-1]. */
static void a_wildcard_in_front_leaves_out_dollar_topics(void **state) {
  (void)state;
  assert_false(matches("#", "$SYS/monitor"));
  assert_false(matches("+/monitor", "$SYS/monitor"));
  assert_true(matches("$SYS/#", "$SYS/monitor"));
  assert_true(matches("$SYS/+", "$SYS/monitor"));
  assert_true(matches("$SYS/monitor/+", "$SYS/monitor/Clients"));
  assert_false(matches("SYS/monitor", "$SYS/monitor"));
  assert_true(matches("a/+", "a/$b"));
}

static void a_shared_filter_matches_by_what_follows_its_name(void **state) {
  (void)state;
  assert_true(matches("$share/g/a/+", "a/b"));
  assert_true(matches("$share/g//a", "/a"));
  assert_true(matches("$share/g/#", "a"));
  assert_false(matches("$share/g/#", "$SYS/a"));
  assert_true(matches("$share/g/$SYS/#", "$SYS/a"));
  assert_false(matches("$share/g/a", "g/a"));
  assert_false(matches("$share/g/a", "$share/g/a"));
  assert_false(matches("$share/g", "g"));
  assert_false(matches("$share/g/", ""));
}

static void nothing_matches_nothing(void **state) {
  (void)state;
  assert_false(matches("", "a"));
  assert_false(matches("#", ""));
  assert_false(matches(NULL, NULL));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_is_utf_8_of_at_most_65535_bytes),
      cmocka_unit_test(control_characters_are_a_matter_of_policy),
      cmocka_unit_test(each_byte_of_a_topic_is_looked_at),
      cmocka_unit_test(a_topic_name_has_no_wildcard_and_is_not_empty),
      cmocka_unit_test(wildcards_of_a_filter_are_whole_levels),
      cmocka_unit_test(a_shared_filter_has_a_share_name_and_a_filter),
      cmocka_unit_test(shared_filters_are_told_by_their_prefix),
      cmocka_unit_test(wildcards_are_found),
      cmocka_unit_test(a_plain_filter_matches_itself_only),
      cmocka_unit_test(a_number_sign_matches_the_parent_and_all_below),
      cmocka_unit_test(a_plus_sign_matches_one_level),
      cmocka_unit_test(a_wildcard_in_front_leaves_out_dollar_topics),
      cmocka_unit_test(a_shared_filter_matches_by_what_follows_its_name),
      cmocka_unit_test(nothing_matches_nothing),
  };
  return cmocka_run_group_tests_name("topic", tests, NULL, NULL);
}
