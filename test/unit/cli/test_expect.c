/* --assert: what is read, what is refused and why, what is met. */
#include <stdio.h>
#include <string.h>

#include "cli/bench/expect.h"
#include "unit/harness.h"

static void all_of_a_list_are_read(void **state) {
  (void)state;
  expectations all = {0};
  char why[EXPECT_WHY] = "";
  assert_true(expect_read(&all, "p99<5ms, lost=0,rate>=900/s", why));
  assert_true(expect_read(&all, "memory_each <= 64 KiB", why));
  assert_int_equal(all.count, 4);
  assert_int_equal(all.list[0].which, FIGURE_P99);
  assert_string_equal(all.list[0].relation, "<");
  assert_true(all.list[0].value == 5e6);
  assert_int_equal(all.list[1].which, FIGURE_LOST);
  assert_true(all.list[1].value == 0);
  assert_int_equal(all.list[2].which, FIGURE_RATE);
  assert_string_equal(all.list[2].relation, ">=");
  assert_true(all.list[2].value == 900);
  assert_int_equal(all.list[3].which, FIGURE_MEMORY_EACH);
  assert_true(all.list[3].value == 65536);
}

static void each_unit_has_its_size(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double value;
  } cases[] = {
      {"p50<800ns", 800},       {"p50<250us", 250e3},  {"p50<250µs", 250e3},
      {"p50<1.5s", 1.5e9},      {"memory<10MB", 10e6}, {"memory<4096", 4096},
      {"memory<1GiB", 1 << 30}, {"max=0", 0},          {"rate>10", 10},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    expectations all = {0};
    char why[EXPECT_WHY] = "";
    assert_true(expect_read(&all, cases[i].text, why));
    assert_true(all.list[0].value == cases[i].value);
  }
}

static void refuses(const char *text, const char *because) {
  expectations all = {0};
  char why[EXPECT_WHY] = "";
  assert_false(expect_read(&all, text, why));
  if (strstr(why, because) == NULL) fail_msg("%s: %s", text, why);
}

static void what_cannot_be_is_refused_with_the_fix(void **state) {
  (void)state;
  refuses("p98<5ms", "nothing is called 'p98'; there are p50, p90,");
  refuses("", "there are p50");
  refuses("p99<5ms,", "there are p50");
  refuses("p99", "<, <=, =, !=, >= or >");
  refuses("p99=<5ms", "<, <=, =, !=, >= or >");
  refuses("p99<5", "a time: 5ms");
  refuses("p99<", "a time: 5ms");
  refuses("p99<soon", "a time: 5ms");
  refuses("p99<5MB", "a time: 5ms");
  refuses("p99<infs", "a time: 5ms");
  refuses("lost=0ms", "a number: 0");
  refuses("memory<5ms", "a size: 64KiB");
  refuses("rate>1000/min", "a rate: 1000");
}

static void an_unknown_name_is_answered_with_all_of_them(void **state) {
  (void)state;
  for (figure which = 0; which < FIGURES; which++)
    refuses("nonsense=1", figure_name(which));
}

static void there_is_a_limit(void **state) {
  (void)state;
  expectations all = {0};
  char why[EXPECT_WHY] = "";
  for (int i = 0; i < EXPECTATIONS_MAX; i++)
    assert_true(expect_read(&all, "lost=0", why));
  assert_false(expect_read(&all, "lost=0", why));
  assert_non_null(strstr(why, "at most 32"));
}

static bool met(const char *text, double value) {
  expectations all = {0};
  figures measured;
  char why[EXPECT_WHY] = "";
  figures_init(&measured);
  assert_true(expect_read(&all, text, why));
  measured.of[all.list[0].which] = value;
  return expect_met(&all.list[0], &measured);
}

static void each_relation_holds_where_it_should(void **state) {
  (void)state;
  static const struct {
    const char *text;
    bool below, equal, above;
  } cases[] = {
      {"lost<5", true, false, false}, {"lost<=5", true, true, false},
      {"lost=5", false, true, false}, {"lost==5", false, true, false},
      {"lost!=5", true, false, true}, {"lost>=5", false, true, true},
      {"lost>5", false, false, true},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_int_equal(met(cases[i].text, 4), cases[i].below);
    assert_int_equal(met(cases[i].text, 5), cases[i].equal);
    assert_int_equal(met(cases[i].text, 6), cases[i].above);
  }
}

static void what_was_not_measured_meets_nothing(void **state) {
  (void)state;
  figures none;
  char text[EXPECT_WHY];
  figures_init(&none);
  for (figure which = 0; which < FIGURES; which++) {
    expectation one = {which, "!=", 1};
    assert_false(expect_met(&one, &none));
    assert_non_null(strstr(expect_text(&one, &none, text), "not measured"));
  }
}

static void it_says_what_was_wanted_and_what_was(void **state) {
  (void)state;
  figures measured;
  char text[EXPECT_WHY];
  figures_init(&measured);
  measured.of[FIGURE_P99] = 7214000;
  expectation one = {FIGURE_P99, "<", 5e6};
  assert_string_equal(expect_text(&one, &measured, text),
                      "p99 < 5.00 ms: it was 7.21 ms");
}

static void numbers_read_well(void **state) {
  (void)state;
  static const struct {
    figure_kind kind;
    double value;
    const char *text;
  } cases[] = {
      {IS_TIME, 0, "0 ns"},
      {IS_TIME, 999, "999 ns"},
      {IS_TIME, 1500, "1.50 µs"},
      {IS_TIME, 123456, "123 µs"},
      {IS_TIME, 12.34e6, "12.3 ms"},
      {IS_TIME, 2.5e9, "2.50 s"},
      {IS_COUNT, 0, "0"},
      {IS_COUNT, 999, "999"},
      {IS_COUNT, 1000, "1,000"},
      {IS_COUNT, 1234567, "1,234,567"},
      {IS_RATE, 10000, "10,000 a second"},
      {IS_RATE, 0.5, "0.5 a second"},
      {IS_BYTES, 512, "512 B"},
      {IS_BYTES, 1536, "1.50 KiB"},
  };
  char text[FIGURE_TEXT];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(figure_text(cases[i].kind, cases[i].value, text),
                        cases[i].text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_of_a_list_are_read),
      cmocka_unit_test(each_unit_has_its_size),
      cmocka_unit_test(what_cannot_be_is_refused_with_the_fix),
      cmocka_unit_test(an_unknown_name_is_answered_with_all_of_them),
      cmocka_unit_test(there_is_a_limit),
      cmocka_unit_test(each_relation_holds_where_it_should),
      cmocka_unit_test(what_was_not_measured_meets_nothing),
      cmocka_unit_test(it_says_what_was_wanted_and_what_was),
      cmocka_unit_test(numbers_read_well),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
