#include <string.h>

#include "codec/reason.h"
#include "expect.h"

/* MQTT 5, table 2-6, read column by column: who may carry what. */
static const struct {
  midge_packet_type type;
  uint8_t reasons[32]; /* after Success, which all may carry; 0 ends */
} table[] = {
    {MIDGE_CONNACK,
     {0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A,
      0x8C, 0x90, 0x95, 0x97, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9F}},
    {MIDGE_PUBACK, {0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {MIDGE_PUBREC, {0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99}},
    {MIDGE_PUBREL, {0x92}},
    {MIDGE_PUBCOMP, {0x92}},
    {MIDGE_SUBACK,
     {0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2}},
    {MIDGE_UNSUBACK, {0x11, 0x80, 0x83, 0x87, 0x8F, 0x91}},
    {MIDGE_DISCONNECT,
     {0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D,
      0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
      0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2}},
    {MIDGE_AUTH, {0x18, 0x19}},
};

static bool is_in_table(midge_packet_type type, unsigned reason) {
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    if (table[i].type != type) continue;
    return reason == 0 || memchr(table[i].reasons, (int)reason, 32) != NULL;
  }
  return false;
}

static void each_packet_carries_the_reasons_of_the_table(void **state) {
  (void)state;
  for (int type = 1; type < 16; type++)
    for (unsigned reason = 0; reason < 256; reason++)
      assert_int_equal(
          midge_reason_is_for((uint8_t)reason, (midge_packet_type)type),
          is_in_table((midge_packet_type)type, reason));
}

static void known_reasons_have_a_name_and_a_text(void **state) {
  (void)state;
  assert_string_equal(midge_reason_text(MIDGE_REASON_SUCCESS), "Success");
  assert_string_equal(midge_reason_text(MIDGE_REASON_QUOTA_EXCEEDED),
                      "Quota exceeded");
  assert_string_equal(midge_reason_name(0x97), "MIDGE_REASON_QUOTA_EXCEEDED");
  unsigned known = 0;
  for (unsigned reason = 0; reason < 256; reason++) {
    const char *name = midge_reason_name(reason);
    const char *text = midge_reason_text((midge_reason)reason);
    assert_int_equal(name == NULL, text == NULL);
    known += name != NULL;
  }
  assert_int_equal(known, 43);
}

static void unknown_reasons_have_none(void **state) {
  (void)state;
  const unsigned reasons[] = {0x03, 0x7F, 0x8F + 0x20, 0xA3,
                              0xFF, 256,  1u << 31};
  for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
    assert_null(midge_reason_name(reasons[i]));
    assert_null(midge_reason_text((midge_reason)reasons[i]));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_packet_carries_the_reasons_of_the_table),
      cmocka_unit_test(known_reasons_have_a_name_and_a_text),
      cmocka_unit_test(unknown_reasons_have_none),
  };
  return cmocka_run_group_tests_name("reason", tests, NULL, NULL);
}
