#include "expect.h"

#include <stdlib.h>
#include <string.h>

#include "notation.h"

static void expect_same_again(midge_version version, const midge_packet *packet,
                              midge_slice bytes) {
  size_t size = midge_packet_size(version, packet);
  assert_int_equal(size, bytes.size);
  uint8_t *again = malloc(size);
  assert_ptr_equal(midge_packet_encode(version, packet, again), again + size);
  assert_memory_equal(again, bytes.data, size);
  free(again);
}

static midge_packet accept_with(const midge_decode_options *options,
                                const char *notation) {
  static uint8_t *bytes; /* reachable to the end: no leak */
  free(bytes);
  size_t size;
  bytes = notation_read(notation, &size);
  midge_slice slice = {bytes, size};

  midge_packet packet;
  midge_decode_result result = midge_packet_decode(options, slice, &packet);
  if (result.outcome == MIDGE_REFUSED)
    fail_msg("%s: refused: %s", notation, result.text);
  assert_int_equal(result.outcome, MIDGE_DECODED);
  assert_int_equal(result.size, size);
  expect_same_again(options->version, &packet, slice);
  return packet;
}

midge_packet accept(midge_version version, const char *notation) {
  return accept_with(&(midge_decode_options){.version = version}, notation);
}

midge_packet accept_lenient(midge_version version, const char *notation) {
  midge_decode_options options = {.version = version,
                                  .text = MIDGE_TEXT_LENIENT};
  return accept_with(&options, notation);
}

void refuse(midge_version version, const char *notation, midge_reason reason) {
  size_t size;
  uint8_t *bytes = notation_read(notation, &size);
  midge_packet packet;
  midge_decode_result result =
      midge_packet_decode(&(midge_decode_options){.version = version},
                          (midge_slice){bytes, size}, &packet);
  free(bytes);
  if (result.outcome != MIDGE_REFUSED) fail_msg("%s: not refused", notation);
  if (result.reason != reason)
    fail_msg("%s: 0x%02x, %s", notation, (unsigned)result.reason, result.text);
  assert_int_equal(result.size, 0);
  assert_true(strlen(result.text) > 5);
}

void expect_written(midge_version version, const midge_packet *packet,
                    const char *notation) {
  size_t size;
  uint8_t *bytes = notation_read(notation, &size);
  expect_same_again(version, packet, (midge_slice){bytes, size});
  free(bytes);
}

bool survives(const midge_decode_options *options, midge_slice bytes) {
  midge_packet packet;
  midge_decode_result result = midge_packet_decode(options, bytes, &packet);
  if (result.outcome != MIDGE_DECODED) return false;
  assert_true(result.size <= bytes.size);
  bytes.size = result.size;
  expect_same_again(options->version, &packet, bytes);
  return true;
}

void expect_text(midge_slice slice, const char *text) {
  assert_non_null(slice.data);
  assert_int_equal(slice.size, strlen(text));
  assert_memory_equal(slice.data, text, slice.size);
}
