#include "drive.h"

#include <string.h>

#include "check.h"

void stream_add(stream *to, midge_slice bytes) {
  if (bytes.size == 0) return;
  if (bytes.size > to->room - to->size) {
    to->room = 2 * (to->size + bytes.size);
    to->bytes = realloc(to->bytes, to->room);
    CHECK(to->bytes != NULL);
  }
  memcpy(to->bytes + to->size, bytes.data, bytes.size);
  to->size += bytes.size;
}

void stream_drop(stream *from, size_t size) {
  CHECK(size <= from->size);
  if (size == 0) return;
  memmove(from->bytes, from->bytes + size, from->size - size);
  from->size -= size;
}

void stream_free(stream *it) {
  free(it->bytes);
  *it = (stream){NULL, 0, 0};
}

void drive_drain(drive *it) {
  midge_slice slice;
  while (midge_filter_input(it->filter, &slice)) {
    CHECK(slice.size != 0);
    stream_add(&it->up, slice);
    midge_filter_taken(it->filter, slice.size);
  }
  while (midge_filter_output(it->filter, &slice, 1) != 0) {
    CHECK(slice.size != 0);
    stream_add(&it->down, slice);
    midge_filter_sent(it->filter, slice.size);
  }
}

void drive_feed(drive *it, midge_slice bytes, size_t cut) {
  while (bytes.size != 0) {
    size_t size = bytes.size < cut ? bytes.size : cut;
    uint8_t *piece = malloc(size); /* its end is seen by the sanitizer */
    CHECK(piece != NULL);
    memcpy(piece, bytes.data, size);
    size_t taken =
        midge_filter_received(it->filter, (midge_slice){piece, size});
    free(piece);
    CHECK(taken <= size);
    size_t before = it->up.size + it->down.size;
    drive_drain(it);
    CHECK(taken != 0 || it->up.size + it->down.size != before);
    bytes.data += taken;
    bytes.size -= taken;
    drive_check(it);
  }
}

static bool same(midge_slice a, midge_slice b) {
  return a.size == b.size &&
         (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void drive_compare(const drive *one, const drive *other) {
  CHECK(midge_filter_state_of(one->filter) ==
        midge_filter_state_of(other->filter));
  CHECK(strcmp(midge_filter_error_of(one->filter).text,
               midge_filter_error_of(other->filter).text) == 0);
  CHECK(same(stream_slice(&one->up), stream_slice(&other->up)));
  CHECK(same(stream_slice(&one->down), stream_slice(&other->down)));
}

void drive_check(const drive *it) {
  midge_filter_error error = midge_filter_error_of(it->filter);
  bool failed = midge_filter_state_of(it->filter) == MIDGE_FILTER_FAILED;
  CHECK(failed == (error.status != MIDGE_OK));
  CHECK(failed == (error.text[0] != '\0'));
  CHECK(strncmp(error.code, "MIDGE_OK", 9) == 0 || failed);
  if (midge_filter_state_of(it->filter) == MIDGE_FILTER_OPENING)
    CHECK(it->up.size == 0);
}

void drive_free(drive *it) {
  midge_filter_free(it->filter);
  stream_free(&it->up);
  stream_free(&it->down);
}
