/* All samples: read, written, cut at every byte, changed in every byte. */
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "notation.h"
#include "samples.h"

enum { HEADER_MAX = 5 };

static void there_are_enough(void **state) {
  (void)state;
  size_t count = 0;
  while (sample_at(count) != NULL) count++;
  assert_true(count >= 400);
}

static void every_sample_makes_the_round_trip(void **state) {
  (void)state;
  const sample *each;
  for (size_t i = 0; (each = sample_at(i)) != NULL; i++) {
    accept(each->version, each->notation);
    accept_lenient(each->version, each->notation);
  }
}

/* Run `try` with the bytes of every sample and with every way to read them. */
static void with_every_sample(void (*try)(const midge_decode_options *options,
                                          midge_slice bytes)) {
  const sample *each;
  for (size_t i = 0; (each = sample_at(i)) != NULL; i++) {
    size_t size;
    uint8_t *bytes = notation_read(each->notation, &size);
    for (int version = 0; version <= MIDGE_MQTT_3_1; version++) {
      midge_decode_options options = {.version = (midge_version)version};
      try(&options, (midge_slice){bytes, size});
      options.text = MIDGE_TEXT_LENIENT;
      try(&options, (midge_slice){bytes, size});
    }
    free(bytes);
  }
}

/* In the wrong version, too: whatever happens, nothing bad does. */
static void try_as_it_is(const midge_decode_options *options,
                         midge_slice bytes) {
  survives(options, bytes);
}

static void samples_may_be_read_as_another_version(void **state) {
  (void)state;
  with_every_sample(try_as_it_is);
}

static size_t header_size(midge_slice bytes) {
  size_t size = 2;
  while (bytes.data[size - 1] >= 0x80) size++;
  return size;
}

static void a_packet_cut_short_is_waited_for(void **state) {
  (void)state;
  const sample *each;
  for (size_t i = 0; (each = sample_at(i)) != NULL; i++) {
    midge_decode_options options = {.version = each->version};
    midge_packet packet;
    size_t size;
    uint8_t *bytes = notation_read(each->notation, &size);
    size_t header = header_size((midge_slice){bytes, size});
    for (size_t cut = 0; cut < size; cut++) {
      uint8_t *copy = malloc(cut != 0 ? cut : 1);
      memcpy(copy, bytes, cut);
      midge_decode_result result =
          midge_packet_decode(&options, (midge_slice){copy, cut}, &packet);
      assert_int_equal(result.outcome, MIDGE_NEED_MORE);
      assert_int_equal(result.size, cut < header ? 0 : size);
      free(copy);
    }
    free(bytes);
  }
}

/* A packet whose header tells the truth about a body that is not whole: it
 * needs a block of its own to see who reads on. */
static void try_body(const midge_decode_options *options, uint8_t first,
                     midge_slice body) {
  uint8_t *bytes = malloc(HEADER_MAX + body.size);
  size_t size = 0;
  bytes[size++] = first;
  size_t length = body.size;
  for (; length >= 0x80; length >>= 7) bytes[size++] = (uint8_t)(length | 0x80);
  bytes[size++] = (uint8_t)length;
  if (body.size != 0) memcpy(bytes + size, body.data, body.size);
  bytes = realloc(bytes, size + body.size);
  survives(options, (midge_slice){bytes, size + body.size});
  free(bytes);
}

static void try_shorter(const midge_decode_options *options,
                        midge_slice bytes) {
  size_t header = header_size(bytes);
  for (size_t size = 0; size < bytes.size - header; size++)
    try_body(options, bytes.data[0], (midge_slice){bytes.data + header, size});
}

static void a_packet_that_ends_early_does_no_harm(void **state) {
  (void)state;
  with_every_sample(try_shorter);
}

static void try_one_byte_more_and_less(const midge_decode_options *options,
                                       midge_slice bytes) {
  size_t header = header_size(bytes), size = bytes.size - header;
  uint8_t *body = malloc(size + 1);
  for (size_t place = 0; place <= size; place++) {
    memcpy(body, bytes.data + header, place);
    memcpy(body + place + 1, bytes.data + header + place, size - place);
    for (unsigned byte = 0; byte < 256; byte += 51) {
      body[place] = (uint8_t)byte;
      try_body(options, bytes.data[0], (midge_slice){body, size + 1});
    }
    if (place == size) break;
    memcpy(body + place, bytes.data + header + place + 1, size - place - 1);
    try_body(options, bytes.data[0], (midge_slice){body, size - 1});
  }
  free(body);
}

static void a_byte_too_many_or_too_few_does_no_harm(void **state) {
  (void)state;
  with_every_sample(try_one_byte_more_and_less);
}

static void try_every_change(const midge_decode_options *options,
                             midge_slice bytes) {
  uint8_t *changed = malloc(bytes.size);
  memcpy(changed, bytes.data, bytes.size);
  for (size_t place = 0; place < bytes.size; place++) {
    for (unsigned byte = 0; byte < 256; byte++) {
      changed[place] = (uint8_t)byte;
      survives(options, (midge_slice){changed, bytes.size});
    }
    changed[place] = bytes.data[place];
  }
  free(changed);
}

static void a_byte_changed_does_no_harm(void **state) {
  (void)state;
  with_every_sample(try_every_change);
}

static void what_follows_a_packet_is_left_alone(void **state) {
  (void)state;
  const sample *each;
  for (size_t i = 0; (each = sample_at(i)) != NULL; i++) {
    midge_decode_options options = {.version = each->version};
    midge_packet packet;
    size_t size;
    uint8_t *bytes = notation_read(each->notation, &size);
    bytes = realloc(bytes, size + 1);
    bytes[size] = 0;
    midge_decode_result result =
        midge_packet_decode(&options, (midge_slice){bytes, size + 1}, &packet);
    assert_int_equal(result.outcome, MIDGE_DECODED);
    assert_int_equal(result.size, size);
    free(bytes);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(there_are_enough),
      cmocka_unit_test(every_sample_makes_the_round_trip),
      cmocka_unit_test(what_follows_a_packet_is_left_alone),
      cmocka_unit_test(samples_may_be_read_as_another_version),
      cmocka_unit_test(a_packet_cut_short_is_waited_for),
      cmocka_unit_test(a_packet_that_ends_early_does_no_harm),
      cmocka_unit_test(a_byte_too_many_or_too_few_does_no_harm),
      cmocka_unit_test(a_byte_changed_does_no_harm),
  };
  return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
