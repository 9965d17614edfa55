#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/property.h"
#include "expect.h"
#include "notation.h"
#include "specimen.h"

#define MALFORMED MIDGE_REASON_MALFORMED_PACKET
#define PROTOCOL_ERROR MIDGE_REASON_PROTOCOL_ERROR

enum { METHOD = 0x15, DATA = 0x16, USER = 0x26, IDENTIFIER = 0x0B };

static unsigned id_of(const char *property) {
  return (unsigned)strtoul(property, NULL, 16);
}

/* AUTH must have a method, and CONNECT if it has data. */
static const char *company_of(const container *box, const char *property) {
  bool needs = box->packet == MIDGE_AUTH ||
               (box->packet == MIDGE_CONNECT && id_of(property) == DATA);
  return needs && id_of(property) != METHOD ? "15 00 01 'm'" : "";
}

/* Run `check` with every property in every packet. */
static void with_all(void (*check)(const container *box, const specimen *kind,
                                   bool allowed)) {
  for (size_t i = 0; i < container_count; i++)
    for (size_t j = 0; j < specimen_count; j++)
      check(&containers[i], &specimens[j],
            (specimens[j].packets >> containers[i].packet & 1) != 0);
}

/* The company in front, then what is said, as a whole packet. */
static const char *fill(const container *box, const char *first,
                        const char *second) {
  char properties[300];
  snprintf(properties, sizeof properties, "%s %s %s", company_of(box, first),
           first, second);
  return container_fill(box, properties, -1);
}

static void check_alone(const container *box, const specimen *kind,
                        bool allowed) {
  const char *packet = fill(box, kind->good, "");
  if (allowed)
    accept(MIDGE_MQTT_5, packet);
  else
    refuse(MIDGE_MQTT_5, packet, MALFORMED);
}

static void a_property_stands_where_the_table_allows_it(void **state) {
  (void)state;
  with_all(check_alone);
}

static void check_twice(const container *box, const specimen *kind,
                        bool allowed) {
  if (!allowed) return;
  const char *packet = fill(box, kind->good, kind->good);
  unsigned id = id_of(kind->good);
  if (id == USER || (id == IDENTIFIER && box->packet == MIDGE_PUBLISH))
    accept(MIDGE_MQTT_5, packet);
  else
    refuse(MIDGE_MQTT_5, packet, PROTOCOL_ERROR);
}

static void a_property_twice_is_refused_but_for_two(void **state) {
  (void)state;
  with_all(check_twice);
}

static void check_bad_values(const container *box, const specimen *kind,
                             bool allowed) {
  if (!allowed) return;
  for (size_t i = 0; i < 4 && kind->bad[i] != NULL; i++)
    refuse(MIDGE_MQTT_5, fill(box, kind->bad[i], ""), kind->why);
}

static void a_value_that_is_not_legal_is_refused(void **state) {
  (void)state;
  with_all(check_bad_values);
}

/* The first `size` bytes as notation. */
static void cut(const char *notation, size_t size, char to[100]) {
  size_t whole;
  uint8_t *bytes = notation_read(notation, &whole);
  to[0] = 0;
  for (size_t i = 0; i < size; i++) sprintf(to + i * 3, "%02x ", bytes[i]);
  free(bytes);
}

static void check_cut(const container *box, const specimen *kind,
                      bool allowed) {
  if (!allowed) return;
  size_t whole;
  free(notation_read(kind->good, &whole));
  for (size_t size = 1; size < whole; size++) {
    char part[100];
    cut(kind->good, size, part);
    refuse(MIDGE_MQTT_5, fill(box, part, ""), MALFORMED);
  }
}

static void a_property_cut_at_any_byte_is_refused(void **state) {
  (void)state;
  with_all(check_cut);
}

static void a_property_length_beyond_the_packet_is_refused(void **state) {
  (void)state;
  for (size_t i = 0; i < container_count; i++) {
    const container *box = &containers[i];
    const char *property = "26 00 01 'k' 00 01 'v'";
    refuse(MIDGE_MQTT_5, container_fill(box, property, 0x7F), MALFORMED);
    refuse(MIDGE_MQTT_5, container_fill(box, "", 1 + 0x1F), MALFORMED);
  }
}

static void an_unknown_identifier_is_refused(void **state) {
  (void)state;
  for (unsigned id = 0; id < 256; id++) {
    bool known = false;
    for (size_t i = 0; i < specimen_count; i++)
      known = known || id == id_of(specimens[i].good);
    assert_int_equal(midge_property_look_up(id) != NULL, known);
    if (known) continue;
    for (size_t i = 0; i < container_count; i++) {
      char property[30];
      snprintf(property, sizeof property, "%02x 00 00 00 00", id);
      refuse(MIDGE_MQTT_5, fill(&containers[i], property, ""), MALFORMED);
    }
  }
  assert_null(midge_property_look_up(0x126));
  assert_null(midge_property_look_up(UINT32_MAX));
}

/* An identifier is a variable byte integer, but not a longer one than need be:
 * 81 00 is not 1. */
static void an_identifier_of_two_bytes_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "30 07 00 01 't' 03 81 00 01", MALFORMED);
  refuse(MIDGE_MQTT_5, "30 08 00 01 't' 03 81 80 80 80 01", MALFORMED);
}

static void a_property_length_with_a_useless_byte_is_refused(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "30 06 00 01 't' 80 00 'x'", MALFORMED);
  refuse(MIDGE_MQTT_5, "30 09 00 01 't' ff ff ff ff 01 'x'", MALFORMED);
}

static void authentication_data_in_connect_needs_a_method(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, container_fill(&containers[0], "16 00 01 00", -1),
         PROTOCOL_ERROR);
  midge_property data = {.id = MIDGE_AUTHENTICATION_DATA,
                         .value = MIDGE_TEXT("x")};
  midge_property method = {.id = MIDGE_AUTHENTICATION_METHOD,
                           .value = MIDGE_TEXT("m")};
  assert_int_equal(
      midge_properties_check(MIDGE_PROPERTIES(data), MIDGE_CONNECT),
      MIDGE_EINVAL);
  assert_int_equal(
      midge_properties_check(MIDGE_PROPERTIES(data, method), MIDGE_CONNECT),
      MIDGE_OK);
  assert_int_equal(midge_properties_check(MIDGE_PROPERTIES(data), MIDGE_AUTH),
                   MIDGE_OK);
}

static void auth_needs_a_method(void **state) {
  (void)state;
  refuse(MIDGE_MQTT_5, "f0 02 18 00", PROTOCOL_ERROR);
  refuse(MIDGE_MQTT_5, "f0 09 18 07 26 00 01 'k' 00 01 'v'", PROTOCOL_ERROR);
}

static void walking_gives_every_property_in_order(void **state) {
  (void)state;
  size_t size;
  uint8_t *bytes = notation_read(
      "26 00 01 'a' 00 02 'bc' 0b 80 01 02 00 00 00 07 01 01 23 00 09"
      "09 00 02 00 ff 26 00 01 'd' 00 00",
      &size);
  midge_slice rest = {bytes, size};
  midge_property property;
  assert_true(midge_property_next(&rest, &property));
  assert_int_equal(property.id, MIDGE_USER_PROPERTY);
  expect_text(property.name, "a");
  expect_text(property.value, "bc");
  assert_true(midge_property_next(&rest, &property));
  assert_int_equal(property.id, MIDGE_SUBSCRIPTION_IDENTIFIER);
  assert_int_equal(property.number, 128);
  assert_null(property.name.data);
  assert_null(property.value.data);
  assert_true(midge_property_next(&rest, &property));
  assert_int_equal(property.number, 7);
  assert_true(midge_property_next(&rest, &property));
  assert_int_equal(property.number, 1);
  assert_true(midge_property_next(&rest, &property));
  assert_int_equal(property.number, 9);
  assert_true(midge_property_next(&rest, &property));
  assert_int_equal(property.value.size, 2);
  assert_true(midge_property_next(&rest, &property));
  expect_text(property.name, "d");
  expect_text(property.value, "");
  assert_false(midge_property_next(&rest, &property));
  assert_false(midge_property_next(&rest, &property));
  free(bytes);
}

static void finding_gives_the_first_of_its_kind(void **state) {
  (void)state;
  size_t size;
  uint8_t *bytes = notation_read(
      "01 00 26 00 01 'a' 00 01 'b' 26 00 01 'c' 00 01 'd'", &size);
  midge_slice wire = {bytes, size};
  midge_property property;
  assert_true(midge_property_find(wire, MIDGE_USER_PROPERTY, &property));
  expect_text(property.name, "a");
  assert_false(midge_property_find(wire, MIDGE_TOPIC_ALIAS, &property));
  assert_false(
      midge_property_find(MIDGE_NO_SLICE, MIDGE_TOPIC_ALIAS, &property));
  free(bytes);
}

/* Nobody should walk what was not checked, but it must not hurt. */
static void walking_stops_at_what_is_broken(void **state) {
  (void)state;
  const char *broken[] = {"00",
                          "7f 00",
                          "01",
                          "02 00 00",
                          "03 00",
                          "03 00 01",
                          "26 00 01 'k'",
                          "26 00 01 'k' 00 05 'v'",
                          "0b ff ff ff ff 01",
                          "80 01"};
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    size_t size;
    uint8_t *bytes = notation_read(broken[i], &size);
    midge_slice rest = {bytes, size};
    midge_property property;
    assert_false(midge_property_next(&rest, &property));
    assert_false(midge_property_next(&rest, &property));
    free(bytes);
  }
}

static void a_list_is_written_as_it_reads(void **state) {
  (void)state;
  for (size_t i = 0; i < specimen_count; i++) {
    size_t size;
    uint8_t *bytes = notation_read(specimens[i].good, &size);
    midge_slice rest = {bytes, size};
    midge_property property;
    assert_true(midge_property_next(&rest, &property));
    midge_properties list = {&property, 1};
    assert_int_equal(midge_properties_size(list), size);
    uint8_t *again = malloc(size);
    assert_ptr_equal(midge_properties_encode(list, again), again + size);
    assert_memory_equal(again, bytes, size);
    free(again);
    free(bytes);
  }
  assert_int_equal(midge_properties_size((midge_properties){NULL, 0}), 0);
}

/* The property at the start of `notation`, in bytes that are freed at exit. */
static bool first_of(const char *notation, midge_property *property) {
  static uint8_t *bytes;
  free(bytes);
  size_t size;
  bytes = notation_read(notation, &size);
  midge_slice rest = {bytes, size};
  return midge_property_next(&rest, property);
}

static void check_list(const container *box, const specimen *kind,
                       bool allowed) {
  const midge_property method = {.id = MIDGE_AUTHENTICATION_METHOD,
                                 .value = MIDGE_TEXT("m")};
  unsigned id = id_of(kind->good);
  midge_property property;
  assert_true(first_of(kind->good, &property));
  midge_properties once = MIDGE_PROPERTIES(property, method);
  midge_properties twice = MIDGE_PROPERTIES(property, property);
  if (box->packet != MIDGE_CONNECT || id != DATA) once.count = 1;
  assert_int_equal(midge_properties_check(once, box->packet),
                   allowed ? MIDGE_OK : MIDGE_EINVAL);
  if (!allowed) return;

  bool many = id == USER || (id == IDENTIFIER && box->packet == MIDGE_PUBLISH);
  assert_int_equal(midge_properties_check(twice, box->packet),
                   many ? MIDGE_OK : MIDGE_EINVAL);
  for (size_t i = 0; i < 4 && kind->bad[i] != NULL; i++)
    if (first_of(kind->bad[i], &property))
      assert_int_not_equal(
          midge_properties_check(MIDGE_PROPERTIES(property), box->packet),
          MIDGE_OK);
}

static void a_list_is_checked_by_the_same_rules(void **state) {
  (void)state;
  with_all(check_list);
}

static midge_status check_text(midge_property_id id, midge_slice value,
                               midge_slice name, unsigned packet) {
  midge_property property = {.id = id, .value = value, .name = name};
  return midge_properties_check((midge_properties){&property, 1}, packet);
}

static void a_list_with_bad_text_is_refused(void **state) {
  (void)state;
  static const uint8_t large[65536];
  const midge_slice none = MIDGE_NO_SLICE, good = MIDGE_TEXT("v"),
                    bad = MIDGE_TEXT("\xFF"), too_long = {large, 65536};
  assert_int_equal(check_text(MIDGE_CONTENT_TYPE, bad, none, MIDGE_PUBLISH),
                   MIDGE_EUTF8);
  assert_int_equal(
      check_text(MIDGE_CONTENT_TYPE, too_long, none, MIDGE_PUBLISH),
      MIDGE_EINVAL);
  assert_int_equal(check_text(MIDGE_USER_PROPERTY, good, bad, MIDGE_PUBLISH),
                   MIDGE_EUTF8);
  assert_int_equal(check_text(MIDGE_USER_PROPERTY, bad, good, MIDGE_PUBLISH),
                   MIDGE_EUTF8);
  assert_int_equal(
      check_text(MIDGE_USER_PROPERTY, good, too_long, MIDGE_PUBLISH),
      MIDGE_EINVAL);
  assert_int_equal(check_text(MIDGE_RESPONSE_TOPIC, bad, none, MIDGE_WILL),
                   MIDGE_EUTF8);
  assert_int_equal(
      check_text(MIDGE_RESPONSE_TOPIC, MIDGE_TEXT("a/#"), none, MIDGE_WILL),
      MIDGE_EINVAL);
  assert_int_equal(
      check_text(MIDGE_CORRELATION_DATA, too_long, none, MIDGE_PUBLISH),
      MIDGE_EINVAL);
  assert_int_equal(check_text(MIDGE_CORRELATION_DATA, bad, none, MIDGE_PUBLISH),
                   MIDGE_OK);
  assert_int_equal(check_text((midge_property_id)0, good, none, MIDGE_PUBLISH),
                   MIDGE_EINVAL);
}

/* Senders should not use control characters, and may. */
static void a_list_may_have_control_characters(void **state) {
  (void)state;
  assert_int_equal(check_text(MIDGE_USER_PROPERTY, MIDGE_TEXT("a\nb"),
                              MIDGE_TEXT("k\t"), MIDGE_PUBLISH),
                   MIDGE_OK);
}

static void many_user_properties_take_linear_time(void **state) {
  (void)state;
  enum { COUNT = 200000 };
  size_t size = 7 * (size_t)COUNT;
  uint8_t *wire = malloc(size);
  for (size_t i = 0; i < COUNT; i++) memcpy(wire + i * 7, "\x26\0\1k\0\1v", 7);
  midge_packet packet = {.type = MIDGE_CONNACK, .properties = {wire, size}};
  size_t whole = midge_packet_size(MIDGE_MQTT_5, &packet);
  uint8_t *bytes = malloc(whole);
  midge_packet_encode(MIDGE_MQTT_5, &packet, bytes);
  assert_true(
      survives(&(midge_decode_options){0}, (midge_slice){bytes, whole}));
  free(bytes);
  free(wire);
}

static void nothing_is_read_or_written_before_mqtt_5(void **state) {
  (void)state;
  midge_packet packet = accept(MIDGE_MQTT_3_1_1, "30 04 00 01 't' 00");
  assert_int_equal(packet.properties.size, 0);
  packet.properties = MIDGE_TEXT("\x01\x01");
  expect_written(MIDGE_MQTT_3_1_1, &packet, "30 04 00 01 't' 00");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_property_stands_where_the_table_allows_it),
      cmocka_unit_test(a_property_twice_is_refused_but_for_two),
      cmocka_unit_test(a_value_that_is_not_legal_is_refused),
      cmocka_unit_test(a_property_cut_at_any_byte_is_refused),
      cmocka_unit_test(a_property_length_beyond_the_packet_is_refused),
      cmocka_unit_test(an_unknown_identifier_is_refused),
      cmocka_unit_test(an_identifier_of_two_bytes_is_refused),
      cmocka_unit_test(a_property_length_with_a_useless_byte_is_refused),
      cmocka_unit_test(authentication_data_in_connect_needs_a_method),
      cmocka_unit_test(auth_needs_a_method),
      cmocka_unit_test(walking_gives_every_property_in_order),
      cmocka_unit_test(finding_gives_the_first_of_its_kind),
      cmocka_unit_test(walking_stops_at_what_is_broken),
      cmocka_unit_test(a_list_is_written_as_it_reads),
      cmocka_unit_test(a_list_is_checked_by_the_same_rules),
      cmocka_unit_test(a_list_with_bad_text_is_refused),
      cmocka_unit_test(a_list_may_have_control_characters),
      cmocka_unit_test(many_user_properties_take_linear_time),
      cmocka_unit_test(nothing_is_read_or_written_before_mqtt_5),
  };
  return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
