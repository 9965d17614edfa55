#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "reference.h"
#include "unit/harness.h"

static midge_utf8 check(const void *bytes, size_t size) {
  return midge_utf8_check((midge_slice){bytes, size});
}

#define CHECK(literal) check("" literal, sizeof(literal) - 1)

static void compare(const uint8_t *bytes, size_t size) {
  midge_slice text = {bytes, size};
  if (midge_utf8_check(text) != reference_utf8_check(text))
    fail_msg("%02x %02x %02x %02x", bytes[0], size > 1 ? bytes[1] : 0,
             size > 2 ? bytes[2] : 0, size > 3 ? bytes[3] : 0);
}

static void nothing_is_plain(void **state) {
  (void)state;
  assert_int_equal(check(NULL, 0), MIDGE_UTF8_PLAIN);
  assert_int_equal(CHECK(""), MIDGE_UTF8_PLAIN);
}

static void text_of_many_scripts_is_plain(void **state) {
  (void)state;
  assert_int_equal(CHECK("the quick brown fox ~ 0123456789"), MIDGE_UTF8_PLAIN);
  assert_int_equal(CHECK("Gr\xC3\xBC\xC3\x9F Gott"), MIDGE_UTF8_PLAIN);
  assert_int_equal(CHECK("\xE6\x97\xA5\xE6\x9C\xAC"), MIDGE_UTF8_PLAIN);
  assert_int_equal(CHECK("A\xF0\xAA\x9B\x94"), MIDGE_UTF8_PLAIN);
}

/* [MQTT-1.5.4-3]: U+FEFF is a character like any other. */
static void a_byte_order_mark_is_plain(void **state) {
  (void)state;
  assert_int_equal(CHECK("\xEF\xBB\xBFx"), MIDGE_UTF8_PLAIN);
}

static void u_0000_is_wrong(void **state) {
  (void)state;
  assert_int_equal(CHECK("\0"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("a\0b"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("abcdefgh\0abcdefgh"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xC0\x80"), MIDGE_UTF8_WRONG);
}

static void surrogates_are_wrong(void **state) {
  (void)state;
  assert_int_equal(CHECK("\xED\x9F\xBF"), MIDGE_UTF8_PLAIN);
  assert_int_equal(CHECK("\xED\xA0\x80"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xED\xBF\xBF"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xED\xA1\x8C\xED\xBE\xB4"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xEE\x80\x80"), MIDGE_UTF8_PLAIN);
}

static void overlong_forms_are_wrong(void **state) {
  (void)state;
  assert_int_equal(CHECK("\xC1\xBF"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xE0\x9F\xBF"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xF0\x8F\xBF\xBF"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xF8\x88\x80\x80\x80"), MIDGE_UTF8_WRONG);
}

static void beyond_u_10ffff_is_wrong(void **state) {
  (void)state;
  assert_int_equal(CHECK("\xF4\x90\x80\x80"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xF5\x80\x80\x80"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xFF"), MIDGE_UTF8_WRONG);
}

static void a_character_cut_short_is_wrong(void **state) {
  (void)state;
  const char *whole[] = {"\xC3\xBC", "\xE6\x97\xA5", "\xF0\xAA\x9B\x94"};
  for (size_t i = 0; i < 3; i++)
    for (size_t size = 1; size < strlen(whole[i]); size++) {
      /* On the heap, so that a byte too many is noticed. */
      uint8_t *cut = malloc(size);
      memcpy(cut, whole[i], size);
      assert_int_equal(check(cut, size), MIDGE_UTF8_WRONG);
      free(cut);
    }
  assert_int_equal(CHECK("\x80"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xC3(a"), MIDGE_UTF8_WRONG);
}

static void controls_and_non_characters_are_odd(void **state) {
  (void)state;
  assert_int_equal(CHECK("a\nb"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\x7F"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\xC2\x80"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\xC2\x9F"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\xC2\xA0"), MIDGE_UTF8_PLAIN);
  assert_int_equal(CHECK("\xEF\xB7\x90"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\xEF\xBF\xBE"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\xF4\x8F\xBF\xBF"), MIDGE_UTF8_ODD);
  assert_int_equal(CHECK("\xEF\xBF\xBD"), MIDGE_UTF8_PLAIN);
}

static void wrong_outweighs_odd(void **state) {
  (void)state;
  assert_int_equal(CHECK("\x01\xFF"), MIDGE_UTF8_WRONG);
  assert_int_equal(CHECK("\xFF\x01"), MIDGE_UTF8_WRONG);
}

static void every_code_point_is_judged_right(void **state) {
  (void)state;
  for (uint32_t character = 0; character <= 0x10FFFF; character++) {
    uint8_t bytes[4];
    size_t size = reference_encode(character, bytes);
    bool surrogate = character >= 0xD800 && character <= 0xDFFF;
    bool wrong = surrogate || character == 0;
    compare(bytes, size);
    if ((check(bytes, size) == MIDGE_UTF8_WRONG) != wrong) fail();
  }
}

static void every_sequence_of_three_bytes_is_judged_right(void **state) {
  (void)state;
  for (uint32_t i = 0; i < 1u << 24; i++) {
    uint8_t bytes[3] = {(uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};
    if (i < 1u << 8) compare(bytes + 2, 1);
    if (i < 1u << 16) compare(bytes + 1, 2);
    compare(bytes, 3);
  }
}

/* The bytes where a rule changes, in every combination of four. */
static void the_edges_of_four_bytes_are_judged_right(void **state) {
  (void)state;
  static const uint8_t edges[] = {
      0x00, 0x01, 0x1F, 0x20, 0x7E, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
      0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xEC, 0xED, 0xEF, 0xF0, 0xF4, 0xF5, 0xFF};
  const size_t count = sizeof edges;
  for (size_t i = 0; i < count * count * count * count; i++) {
    uint8_t bytes[4] = {edges[i / count / count / count],
                        edges[i / count / count % count],
                        edges[i / count % count], edges[i % count]};
    compare(bytes, 4);
  }
}

/* Eight bytes are judged at a time: every byte, at every place of texts of
 * every length around that. */
static void every_place_is_looked_at(void **state) {
  (void)state;
  for (size_t size = 1; size <= 33; size++)
    for (size_t place = 0; place < size; place++)
      for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t bytes[33];
        memset(bytes, 'a', size);
        bytes[place] = (uint8_t)byte;
        compare(bytes, size);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_is_plain),
      cmocka_unit_test(text_of_many_scripts_is_plain),
      cmocka_unit_test(a_byte_order_mark_is_plain),
      cmocka_unit_test(u_0000_is_wrong),
      cmocka_unit_test(surrogates_are_wrong),
      cmocka_unit_test(overlong_forms_are_wrong),
      cmocka_unit_test(beyond_u_10ffff_is_wrong),
      cmocka_unit_test(a_character_cut_short_is_wrong),
      cmocka_unit_test(controls_and_non_characters_are_odd),
      cmocka_unit_test(wrong_outweighs_odd),
      cmocka_unit_test(every_code_point_is_judged_right),
      cmocka_unit_test(every_sequence_of_three_bytes_is_judged_right),
      cmocka_unit_test(the_edges_of_four_bytes_are_judged_right),
      cmocka_unit_test(every_place_is_looked_at),
  };
  return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
