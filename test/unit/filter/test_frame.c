/* Frames of WebSocket, byte by byte: RFC 6455, section 5. */
#include <string.h>

#include "base/slice.h"
#include "filter/frame.h"
#include "test.h"

#define RAW(literal) \
  { (const uint8_t *)("" literal), sizeof(literal) - 1 }

/* Headers as a server writes them, and what they say. */
static const struct {
  midge_slice bytes;
  midge_frame frame;
} HEADERS[] = {
    {RAW("\x82\x00"), {MIDGE_FRAME_BINARY, true, false, false, 0}},
    {RAW("\x02\x7d"), {MIDGE_FRAME_BINARY, false, false, false, 125}},
    {RAW("\x80\x7e\x00\x7e"), {MIDGE_FRAME_CONTINUATION, true, 0, 0, 126}},
    {RAW("\x82\x7e\xff\xff"), {MIDGE_FRAME_BINARY, true, 0, 0, 65535}},
    {RAW("\x82\x7f\0\0\0\0\0\x01\0\0"),
     {MIDGE_FRAME_BINARY, true, 0, 0, 65536}},
    {RAW("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"),
     {MIDGE_FRAME_BINARY, true, 0, 0, INT64_MAX}},
    {RAW("\x88\x02"), {MIDGE_FRAME_CLOSE, true, false, false, 2}},
    {RAW("\xc1\x05"), {MIDGE_FRAME_TEXT, true, true, false, 5}},
    {RAW("\xa1\x05"), {MIDGE_FRAME_TEXT, true, true, false, 5}},
    {RAW("\x91\x05"), {MIDGE_FRAME_TEXT, true, true, false, 5}},
    {RAW("\x8f\x85"), {15, true, false, true, 5}},
};

/* A reader goes on with the next header where the last one ended. */
static void test_headers_in_pieces(void **state) {
  (void)state;
  for (size_t cut = 1; cut <= MIDGE_FRAME_UNMASKED_MAX; cut++) {
    midge_frame_reader reader = {0};
    for (size_t i = 0; i < sizeof HEADERS / sizeof *HEADERS; i++) {
      midge_frame frame = {0};
      midge_slice left = HEADERS[i].bytes;
      midge_frame_outcome outcome = MIDGE_FRAME_PARTIAL;
      while (outcome == MIDGE_FRAME_PARTIAL) {
        assert_int_not_equal(left.size, 0);
        size_t size = left.size < cut ? left.size : cut;
        midge_slice piece = midge_slice_of(left.data, size);
        outcome = midge_frame_read(&reader, &piece, &frame);
        assert_int_equal(piece.size, 0);
        left = midge_slice_skip(left, size);
      }
      assert_int_equal(outcome, MIDGE_FRAME_WHOLE);
      assert_int_equal(left.size, 0);
      assert_int_equal(frame.opcode, HEADERS[i].frame.opcode);
      assert_int_equal(frame.fin, HEADERS[i].frame.fin);
      assert_int_equal(frame.reserved, HEADERS[i].frame.reserved);
      assert_int_equal(frame.masked, HEADERS[i].frame.masked);
      assert_true(frame.size == HEADERS[i].frame.size);
    }
  }
}

static void test_what_follows_a_header_is_left(void **state) {
  (void)state;
  midge_frame_reader reader = {0};
  midge_frame frame;
  midge_slice bytes = MIDGE_TEXT("\x82\x02hi");
  assert_int_equal(midge_frame_read(&reader, &bytes, &frame),
                   MIDGE_FRAME_WHOLE);
  assert_true(midge_slice_equal(bytes, MIDGE_TEXT("hi")));
}

static void test_malformed_sizes(void **state) {
  (void)state;
  const midge_slice wrong[] = {
      RAW("\x82\x7e\x00\x7d"),
      RAW("\x82\x7e\x00\x00"),
      RAW("\x82\x7f\0\0\0\0\0\0\xff\xff"),
      RAW("\x82\x7f\x80\0\0\0\0\0\0\0"),
      RAW("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"),
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    midge_frame_reader reader = {0};
    midge_frame frame;
    midge_slice bytes = wrong[i];
    assert_int_equal(midge_frame_read(&reader, &bytes, &frame),
                     MIDGE_FRAME_MALFORMED);
  }
}

static void test_what_is_written_is_read(void **state) {
  (void)state;
  const uint64_t sizes[] = {0,     1,     125,        126,      127,
                            65535, 65536, UINT32_MAX, INT64_MAX};
  const uint8_t mask[] = {1, 2, 3, 4};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    uint8_t bytes[MIDGE_FRAME_HEADER_MAX];
    const uint8_t *end =
        midge_frame_write(bytes, MIDGE_FRAME_BINARY, sizes[i], mask);
    midge_slice left = midge_slice_of(bytes, (size_t)(end - bytes));
    midge_frame_reader reader = {0};
    midge_frame frame;
    assert_int_equal(midge_frame_read(&reader, &left, &frame),
                     MIDGE_FRAME_WHOLE);
    assert_int_equal(frame.opcode, MIDGE_FRAME_BINARY);
    assert_true(frame.fin && frame.masked && !frame.reserved);
    assert_true(frame.size == sizes[i]);
    assert_true(midge_slice_equal(left, midge_slice_of(mask, sizeof mask)));
  }
}

/* The example of RFC 6455, section 5.7. */
static void test_the_mask_of_the_specification(void **state) {
  (void)state;
  const uint8_t mask[] = {0x37, 0xfa, 0x21, 0x3d};
  uint8_t masked[5];
  midge_frame_mask(masked, MIDGE_TEXT("Hello"), mask, 0);
  assert_memory_equal(masked, "\x7f\x9f\x4d\x51\x58", sizeof masked);
}

static void test_a_mask_goes_on_in_the_next_piece(void **state) {
  (void)state;
  enum { SIZE = 100 };
  const uint8_t mask[] = {0x11, 0x22, 0x44, 0x88};
  uint8_t bytes[SIZE], expected[SIZE], got[SIZE];
  for (size_t i = 0; i < SIZE; i++) {
    bytes[i] = (uint8_t)(7 * i);
    expected[i] = bytes[i] ^ mask[i % 4];
  }
  for (size_t cut = 0; cut <= SIZE; cut++) {
    memset(got, 0, sizeof got);
    midge_frame_mask(got, midge_slice_of(bytes, cut), mask, 0);
    midge_frame_mask(got + cut, midge_slice_of(bytes + cut, SIZE - cut), mask,
                     cut);
    assert_memory_equal(got, expected, SIZE);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_headers_in_pieces),
      cmocka_unit_test(test_what_follows_a_header_is_left),
      cmocka_unit_test(test_malformed_sizes),
      cmocka_unit_test(test_what_is_written_is_read),
      cmocka_unit_test(test_the_mask_of_the_specification),
      cmocka_unit_test(test_a_mask_goes_on_in_the_next_piece),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
