/* Frames, good and bad. */
#include <openssl/rand.h>

#include "socket.h"
#include "test.h"

enum { FIN = 0x80, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10 };

/* MIDGE_TEXT for tables. */
#define RAW(literal) \
  { (const uint8_t *)("" literal), sizeof(literal) - 1 }

static const midge_websocket_options USUAL = {
    .host = {(const uint8_t *)"broker.test", 11}};

static void expect_frame(bytes *output, unsigned first, midge_slice payload) {
  unsigned got;
  bytes frame = next_frame(output, &got);
  assert_int_equal(got, first);
  assert_true(midge_slice_equal(bytes_slice(&frame), payload));
  bytes_free(&frame);
}

static void expect_close(midge_filter *filter, unsigned code) {
  bytes output = {NULL, 0, 0};
  const uint8_t payload[] = {(uint8_t)(code >> 8), (uint8_t)code};
  collect(filter, SIZE_MAX, &output);
  expect_frame(&output, FIN | CLOSE, midge_slice_of(payload, 2));
  assert_int_equal(output.size, 0);
  bytes_free(&output);
}

/* MQTT5-6.0.0-2, MQTT311-6.0.0-2: packets need not end with frames. */
static void test_binary_frames_are_a_stream(void **state) {
  (void)state;
  bytes down = {NULL, 0, 0}, expected = {NULL, 0, 0};
  const size_t sizes[] = {0,    1,    125,   126,   127,
                          4095, 4096, 65535, 65536, 200000};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    uint8_t *noise = malloc(sizes[i] + 1);
    assert_int_equal(RAND_bytes(noise, (int)sizes[i] + 1), 1);
    midge_slice payload = midge_slice_of(noise, sizes[i]);
    /* Whole, and in fragments with a Ping between them. */
    add_frame(&down, FIN | BINARY, payload);
    add_frame(&down, BINARY, payload);
    add_frame(&down, FIN | PING, MIDGE_TEXT("are you there"));
    add_frame(&down, 0, MIDGE_NO_SLICE);
    add_frame(&down, FIN, payload);
    for (int n = 0; n < 3; n++) bytes_add(&expected, payload);
    free(noise);
  }
  const size_t cuts[] = {1, 2, 3, 7, 4096, 65536, SIZE_MAX};
  for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
    bytes input = {NULL, 0, 0};
    midge_filter *filter = open_websocket(&USUAL);
    feed(filter, bytes_slice(&down), cuts[i], &input);
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
    assert_true(midge_slice_equal(bytes_slice(&input), bytes_slice(&expected)));
    midge_filter_free(filter);
    bytes_free(&input);
  }
  bytes_free(&down);
  bytes_free(&expected);
}

/* MQTT5-6.0.0-1, MQTT311-6.0.0-1: binary ones. */
static void test_what_is_written_becomes_masked_frames(void **state) {
  (void)state;
  const size_t sizes[] = {1, 125, 126, 65535, 65536, 300000};
  for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
    midge_filter *filter = open_websocket(&USUAL);
    uint8_t *noise = malloc(sizes[i]);
    assert_int_equal(RAND_bytes(noise, (int)sizes[i]), 1);
    bytes output = {NULL, 0, 0}, got = {NULL, 0, 0};
    write_all(filter, midge_slice_of(noise, sizes[i]), &output);
    while (output.size != 0) {
      unsigned first;
      bytes frame = next_frame(&output, &first);
      assert_int_equal(first, FIN | BINARY);
      bytes_add(&got, bytes_slice(&frame));
      bytes_free(&frame);
    }
    assert_true(
        midge_slice_equal(bytes_slice(&got), midge_slice_of(noise, sizes[i])));
    bytes_free(&output);
    bytes_free(&got);
    free(noise);
    midge_filter_free(filter);
  }
}

static void test_slices_are_gathered_in_one_frame(void **state) {
  (void)state;
  midge_filter *filter = open_websocket(&USUAL);
  bytes output = {NULL, 0, 0};
  /* The second does not begin with the first byte of the mask. */
  const midge_slice slices[] = {MIDGE_TEXT("eleven "), MIDGE_NO_SLICE,
                                MIDGE_TEXT("two "), MIDGE_TEXT("three")};
  assert_int_equal(midge_filter_write(filter, slices, 4), 16);
  assert_int_equal(midge_filter_write(filter, slices + 1, 1), 0);
  assert_int_equal(midge_filter_write(filter, slices, 0), 0);
  collect(filter, 1, &output);
  expect_frame(&output, FIN | BINARY, MIDGE_TEXT("eleven two three"));
  assert_int_equal(output.size, 0);
  bytes_free(&output);
  midge_filter_free(filter);
}

/* Each frame has a mask of its own, from the function that was given. */
static void count(void *context, uint8_t *to, size_t size) {
  int *calls = context;
  memset(to, ++*calls, size);
}

static void test_masks_come_from_the_given_function(void **state) {
  (void)state;
  int calls = 0;
  midge_websocket_options options = USUAL;
  options.random = count;
  options.random_context = &calls;
  midge_filter *filter = open_websocket(&options);
  bytes output = {NULL, 0, 0};
  write_all(filter, MIDGE_TEXT("a"), &output);
  write_all(filter, MIDGE_TEXT("b"), &output);
  const uint8_t expected[] = {0x82, 0x81, 2, 2, 2, 2, 'a' ^ 2,
                              0x82, 0x81, 3, 3, 3, 3, 'b' ^ 3};
  assert_true(midge_slice_equal(bytes_slice(&output),
                                midge_slice_of(expected, sizeof(expected))));
  bytes_free(&output);
  midge_filter_free(filter);
}

static void test_pings_are_answered(void **state) {
  (void)state;
  midge_filter *filter = open_websocket(&USUAL);
  bytes down = {NULL, 0, 0}, input = {NULL, 0, 0}, output = {NULL, 0, 0};
  uint8_t longest[125];
  memset(longest, 'x', sizeof(longest));
  add_frame(&down, FIN | PING, MIDGE_NO_SLICE);
  add_frame(&down, FIN | PING, midge_slice_of(longest, sizeof(longest)));
  add_frame(&down, FIN | PONG, MIDGE_TEXT("unasked"));
  feed(filter, bytes_slice(&down), 1, &input);
  collect(filter, SIZE_MAX, &output);
  expect_frame(&output, FIN | PONG, MIDGE_NO_SLICE);
  expect_frame(&output, FIN | PONG, midge_slice_of(longest, sizeof(longest)));
  assert_int_equal(output.size, 0);
  assert_int_equal(input.size, 0);
  bytes_free(&down);
  bytes_free(&input);
  bytes_free(&output);
  midge_filter_free(filter);
}

static void test_63_a_flood_of_pings_is_bounded(void **state) {
  (void)state;
  midge_filter *filter = open_websocket(&USUAL);
  bytes down = {NULL, 0, 0}, input = {NULL, 0, 0}, output = {NULL, 0, 0};
  for (int i = 0; i < 10000; i++) {
    add_frame(&down, FIN | PING, MIDGE_TEXT("0123456789012345678901234567890"));
  }
  add_frame(&down, FIN | PING, MIDGE_TEXT("last"));
  /* Nothing is sent meanwhile. */
  feed(filter, bytes_slice(&down), SIZE_MAX, &input);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
  midge_slice slice;
  assert_int_equal(midge_filter_output(filter, &slice, 1), 1);
  assert_true(slice.size <= 128 * 1024);
  collect(filter, SIZE_MAX, &output);
  bytes last = {NULL, 0, 0};
  while (output.size != 0) {
    unsigned first;
    bytes_free(&last);
    last = next_frame(&output, &first);
    assert_int_equal(first, FIN | PONG);
  }
  assert_true(midge_slice_equal(bytes_slice(&last), MIDGE_TEXT("last")));
  bytes_free(&last);
  bytes_free(&down);
  bytes_free(&input);
  bytes_free(&output);
  midge_filter_free(filter);
}

static const struct {
  midge_slice bytes;
  unsigned code;
  const char *text;
} WRONG[] = {
    {RAW("\x81\x02hi"), 1003, "text frame"},
    {RAW("\x01\x02hi"), 1003, "text frame"},
    {RAW("\x82\x82"
         "abcdhi"),
     1002, "protocol"}, /* masked */
    {RAW("\x89\x80"
         "abcd"),
     1002, "protocol"},
    {RAW("\xc2\x02hi"), 1002, "protocol"}, /* reserved bits */
    {RAW("\xa2\x02hi"), 1002, "protocol"},
    {RAW("\x92\x02hi"), 1002, "protocol"},
    {RAW("\xc9\x02hi"), 1002, "protocol"},
    {RAW("\x83\x02hi"), 1002, "protocol"}, /* opcodes without sense */
    {RAW("\x87\x02hi"), 1002, "protocol"},
    {RAW("\x8b\x02hi"), 1002, "protocol"},
    {RAW("\x8f\x02hi"), 1002, "protocol"},
    {RAW("\x80\x02hi"), 1002, "protocol"}, /* continues nothing */
    {RAW("\x00\x02hi"), 1002, "protocol"},
    {RAW("\x02\x02hi\x82\x02hi"), 1002, "protocol"}, /* new too early */
    {RAW("\x09\x02hi"), 1002, "frame"}, /* a control in fragments */
    {RAW("\x08\x02\x03\xe8"), 1002, "frame"},
    {RAW("\x89\x7e\x00\x80x"), 1002, "frame"},  /* a long control */
    {RAW("\x82\x7e\x00\x02hi"), 1002, "frame"}, /* not the shortest */
    {RAW("\x82\x7f\0\0\0\0\0\0\0\x02hi"), 1002, "frame"},
    {RAW("\x82\x7f\x80\0\0\0\0\0\0\0x"), 1002, "frame"}, /* 2^63 */
    {RAW("\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xffx"), 1002, "frame"},
    {RAW("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xffx"), 1009, "too large"},
    {RAW("\x82\x7f\0\0\0\0\x10\0\0\x06x"), 1009, "too large"},
    {RAW("\x88\x01x"), 1002, "code that is none"},
    {RAW("\x88\x02\x00\x00"), 1002, "code that is none"},
    {RAW("\x88\x02\x03\xe7"), 1002, "code that is none"}, /* 999 */
    {RAW("\x88\x02\x03\xec"), 1002, "code that is none"}, /* 1004 */
    {RAW("\x88\x02\x03\xed"), 1002, "code that is none"}, /* 1005 */
    {RAW("\x88\x02\x03\xee"), 1002, "code that is none"}, /* 1006 */
    {RAW("\x88\x02\x03\xf7"), 1002, "code that is none"}, /* 1015 */
    {RAW("\x88\x02\x0b\xb7"), 1002, "code that is none"}, /* 2999 */
    {RAW("\x88\x02\x13\x88"), 1002, "code that is none"}, /* 5000 */
    {RAW("\x88\x04\x03\xe8\xc3\x28"), 1007, "not UTF-8"},
};

static void test_63_wrong_frames_end_it(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof(WRONG) / sizeof(WRONG[0]); i++) {
    for (size_t cut = 1; cut < 12; cut++) {
      midge_filter *filter = open_websocket(&USUAL);
      bytes input = {NULL, 0, 0};
      feed(filter, MIDGE_TEXT("\x82\x02ok"), SIZE_MAX, &input);
      feed(filter, WRONG[i].bytes, cut, &input);
      midge_filter_error error = midge_filter_error_of(filter);
      assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
      assert_int_equal(error.status, MIDGE_EWEBSOCKET);
      if (strstr(error.text, WRONG[i].text) == NULL) {
        assert_string_equal(error.text, WRONG[i].text);
      }
      expect_close(filter, WRONG[i].code);
      /* All that follows is dropped. */
      feed(filter, MIDGE_TEXT("\x82\x02no"), 1, &input);
      assert_true(input.size <= 4);
      midge_filter_free(filter);
      bytes_free(&input);
    }
  }
}

static void test_63_a_limit_of_frames(void **state) {
  (void)state;
  midge_websocket_options options = USUAL;
  options.frame_bytes_max = 10;
  midge_filter *filter = open_websocket(&options);
  bytes input = {NULL, 0, 0}, down = {NULL, 0, 0};
  add_frame(&down, BINARY, MIDGE_TEXT("0123456789"));
  add_frame(&down, FIN, MIDGE_TEXT("0123456789"));
  feed(filter, bytes_slice(&down), 1, &input);
  assert_int_equal(input.size, 20);
  feed(filter,
       MIDGE_TEXT("\x82\x0b"
                  "0"),
       1, &input);
  assert_int_equal(input.size, 20);
  expect_close(filter, 1009);
  midge_filter_free(filter);
  bytes_free(&input);
  bytes_free(&down);
}

static void test_the_server_closes(void **state) {
  (void)state;
  static const struct {
    midge_slice bytes;
    unsigned code; /* of our answer; 0: an empty one */
    const char *text;
  } CLOSES[] = {
      {RAW("\x88\x02\x03\xe8"), 1000, NULL},
      {RAW("\x88\x06\x03\xe9"
           "away"),
       1001, NULL},
      {RAW("\x88\x00"), 0, NULL},
      {RAW("\x88\x02\x03\xf0"), 1008, "closed the WebSocket with code 1008"},
      {RAW("\x88\x05\x03\xf3\x62ug"), 1011, "code 1011: bug"},
      {RAW("\x88\x02\x0f\xa0"), 4000, "code 4000"},
  };
  for (size_t i = 0; i < sizeof(CLOSES) / sizeof(CLOSES[0]); i++) {
    midge_filter *filter = open_websocket(&USUAL);
    bytes input = {NULL, 0, 0}, output = {NULL, 0, 0};
    feed(filter, MIDGE_TEXT("\x82\x02hi"), SIZE_MAX, &input);
    feed(filter, CLOSES[i].bytes, 1, &input);
    feed(filter, MIDGE_TEXT("\x82\x02no"), SIZE_MAX, &input);
    assert_true(midge_slice_equal(bytes_slice(&input), MIDGE_TEXT("hi")));
    if (CLOSES[i].text == NULL) {
      assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_CLOSED);
    } else {
      assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
      assert_non_null(
          strstr(midge_filter_error_of(filter).text, CLOSES[i].text));
    }
    if (CLOSES[i].code != 0) {
      expect_close(filter, CLOSES[i].code);
    } else {
      collect(filter, SIZE_MAX, &output);
      expect_frame(&output, FIN | CLOSE, MIDGE_NO_SLICE);
    }
    bytes_free(&input);
    bytes_free(&output);
    midge_filter_free(filter);
  }
}

static void test_we_close(void **state) {
  (void)state;
  for (int answered = 0; answered < 2; answered++) {
    midge_filter *filter = open_websocket(&USUAL);
    bytes input = {NULL, 0, 0}, output = {NULL, 0, 0};
    write_all(filter, MIDGE_TEXT("DISCONNECT"), &output);
    midge_filter_close(filter);
    midge_filter_close(filter);
    midge_slice late = MIDGE_TEXT("late");
    assert_int_equal(midge_filter_write(filter, &late, 1), 0);
    expect_frame(&output, FIN | BINARY, MIDGE_TEXT("DISCONNECT"));
    expect_close(filter, 1000);
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_OPEN);
    /* No Pong after a Close; data that was under way still arrives. */
    feed(filter, MIDGE_TEXT("\x89\x00\x82\x02hi"), 1, &input);
    collect(filter, SIZE_MAX, &output);
    assert_int_equal(output.size, 0);
    assert_int_equal(input.size, 2);
    if (answered) {
      feed(filter, MIDGE_TEXT("\x88\x02\x03\xe8"), 1, &input);
    } else {
      midge_filter_ended(filter);
    }
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_CLOSED);
    collect(filter, SIZE_MAX, &output);
    assert_int_equal(output.size, 0);
    bytes_free(&input);
    bytes_free(&output);
    midge_filter_free(filter);
  }
}

static void test_an_end_without_close_is_a_lost_connection(void **state) {
  (void)state;
  for (size_t cut = 0; cut <= 6; cut++) {
    midge_filter *filter = open_websocket(&USUAL);
    bytes input = {NULL, 0, 0};
    feed(filter,
         midge_slice_of("\x82\x04"
                        "abcd",
                        cut),
         SIZE_MAX, &input);
    midge_filter_ended(filter);
    assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
    assert_int_equal(midge_filter_error_of(filter).status, MIDGE_ELOST);
    assert_string_equal(midge_filter_error_of(filter).code, "MIDGE_ELOST");
    assert_int_equal(input.size, cut < 2 ? 0 : cut - 2);
    bytes_free(&input);
    midge_filter_free(filter);
  }
}

/* With nobody taking the input, the end waits for what came before it. */
static void test_input_is_bounded_and_comes_before_the_end(void **state) {
  (void)state;
  midge_filter *filter = open_websocket(&USUAL);
  bytes down = {NULL, 0, 0};
  uint8_t block[5000] = {0};
  for (int i = 0; i < 40; i++) {
    add_frame(&down, FIN | BINARY, midge_slice_of(block, sizeof(block)));
  }
  midge_slice rest = bytes_slice(&down), waiting;
  size_t got = 0;
  while (rest.size != 0) {
    size_t taken = midge_filter_received(filter, rest);
    rest = midge_slice_skip(rest, taken);
    if (rest.size == 0) midge_filter_ended(filter);
    if (taken != 0) continue;
    assert_true(midge_filter_input(filter, &waiting));
    assert_true(waiting.size <= 64 * 1024);
    got += waiting.size;
    midge_filter_taken(filter, waiting.size);
  }
  while (midge_filter_input(filter, &waiting)) {
    got += waiting.size;
    midge_filter_taken(filter, waiting.size);
  }
  assert_int_equal(got, 200000);
  assert_int_equal(midge_filter_state_of(filter), MIDGE_FILTER_FAILED);
  assert_int_equal(midge_filter_error_of(filter).status, MIDGE_ELOST);
  bytes_free(&down);
  midge_filter_free(filter);
}

/* What was taken from below while the input was full comes up without another
 * byte from there. */
static void test_what_was_held_back_comes_when_there_is_room(void **state) {
  (void)state;
  enum { FRAME = 100, HEADER = 2 };
  midge_filter *filter = open_websocket(&USUAL);
  bytes down = {NULL, 0, 0};
  uint8_t block[FRAME] = {0};
  for (int i = 0; i < 800; i++) {
    add_frame(&down, FIN | BINARY, midge_slice_of(block, FRAME));
  }
  size_t taken = midge_filter_received(filter, bytes_slice(&down)), got = 0;
  assert_true(taken < down.size);
  midge_slice waiting;
  while (midge_filter_input(filter, &waiting)) {
    got += waiting.size;
    midge_filter_taken(filter, waiting.size);
  }
  size_t whole = taken / (FRAME + HEADER);
  assert_true(got >= whole * FRAME);
  assert_true(got <= (whole + 1) * FRAME);
  bytes_free(&down);
  midge_filter_free(filter);
}

static void test_output_is_bounded(void **state) {
  (void)state;
  midge_filter *filter = open_websocket(&USUAL);
  uint8_t *block = calloc(1, 1000000);
  midge_slice rest = midge_slice_of(block, 1000000), waiting;
  size_t size;
  while ((size = midge_filter_write(filter, &rest, 1)) != 0) {
    rest = midge_slice_skip(rest, size);
  }
  assert_int_equal(midge_filter_output(filter, &waiting, 1), 1);
  assert_true(waiting.size <= 128 * 1024);
  /* There is room for the goodbye all the same. */
  midge_filter_close(filter);
  bytes output = {NULL, 0, 0};
  collect(filter, SIZE_MAX, &output);
  assert_int_equal(output.data[output.size - 8], FIN | CLOSE);
  bytes_free(&output);
  free(block);
  midge_filter_free(filter);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_binary_frames_are_a_stream),
      cmocka_unit_test(test_what_is_written_becomes_masked_frames),
      cmocka_unit_test(test_slices_are_gathered_in_one_frame),
      cmocka_unit_test(test_masks_come_from_the_given_function),
      cmocka_unit_test(test_pings_are_answered),
      cmocka_unit_test(test_63_a_flood_of_pings_is_bounded),
      cmocka_unit_test(test_63_wrong_frames_end_it),
      cmocka_unit_test(test_63_a_limit_of_frames),
      cmocka_unit_test(test_the_server_closes),
      cmocka_unit_test(test_we_close),
      cmocka_unit_test(test_an_end_without_close_is_a_lost_connection),
      cmocka_unit_test(test_input_is_bounded_and_comes_before_the_end),
      cmocka_unit_test(test_what_was_held_back_comes_when_there_is_room),
      cmocka_unit_test(test_output_is_bounded),
  };
  return cmocka_run_group_tests_name("websocket", tests, NULL, NULL);
}
