#include "filter/http_head.h"

#include "base/slice.h"

static const char BEGINNING[] = "HTTP/1.";
static const char END[] = "\r\n\r\n";
enum { BEGINNING_SIZE = 7, END_SIZE = 4, STATUS_LINE_MIN = 12 };

void midge_http_head_init(midge_http_head *head,
                          const midge_allocator *allocator) {
  *head = (midge_http_head){.matched = 0};
  midge_pipe_init(&head->bytes, allocator, MIDGE_HTTP_HEAD_MAX);
}

void midge_http_head_free(midge_http_head *head) {
  midge_pipe_free(&head->bytes);
}

static bool is_digit(uint8_t byte) {
  return byte >= '0' && byte <= '9';
}

static uint8_t lower(uint8_t byte) {
  return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

bool midge_http_is_text(midge_slice slice, const char *text) {
  size_t size = strlen(text);
  if (slice.size != size) return false;
  for (size_t i = 0; i < size; i++) {
    if (lower(slice.data[i]) != lower((uint8_t)text[i])) return false;
  }
  return true;
}

static midge_slice trim(midge_slice slice) {
  while (slice.size != 0 && (slice.data[0] == ' ' || slice.data[0] == '\t')) {
    slice = midge_slice_skip(slice, 1);
  }
  while (slice.size != 0 && (slice.data[slice.size - 1] == ' ' ||
                             slice.data[slice.size - 1] == '\t')) {
    slice.size--;
  }
  return slice;
}

bool midge_http_has_word(midge_slice list, const char *word) {
  while (list.size != 0) {
    const uint8_t *comma = memchr(list.data, ',', list.size);
    size_t size = comma != NULL ? (size_t)(comma - list.data) : list.size;
    if (midge_http_is_text(trim(midge_slice_of(list.data, size)), word)) {
      return true;
    }
    list = midge_slice_skip(list, comma != NULL ? size + 1 : size);
  }
  return false;
}

/* One line without its end; false when there is none left. */
static bool next_line(midge_slice *rest, midge_slice *line) {
  for (size_t i = 0; i + 1 < rest->size; i++) {
    if (rest->data[i] != '\r' || rest->data[i + 1] != '\n') continue;
    *line = midge_slice_of(rest->data, i);
    *rest = midge_slice_skip(*rest, i + 2);
    return true;
  }
  return false;
}

/* "name: value", RFC 9112, 5: no space before the colon. */
static bool split_field(midge_slice line, midge_slice *name,
                        midge_slice *value) {
  const uint8_t *colon =
      line.size != 0 ? memchr(line.data, ':', line.size) : NULL;
  if (colon == NULL || colon == line.data) return false;

  *name = midge_slice_of(line.data, (size_t)(colon - line.data));
  *value = trim(midge_slice_skip(line, name->size + 1));
  for (size_t i = 0; i < name->size; i++) {
    if (name->data[i] <= ' ' || name->data[i] >= 0x7f) return false;
  }
  for (size_t i = 0; i < value->size; i++) {
    uint8_t byte = value->data[i];
    if ((byte < ' ' && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

/* "HTTP/1.1 101 Switching Protocols"; the reason may be missing. */
static bool read_status(midge_http_head *head, midge_slice line) {
  if (line.size < STATUS_LINE_MIN) return false;
  const uint8_t *at = line.data + BEGINNING_SIZE;
  if (!is_digit(at[0]) || at[1] != ' ' || !is_digit(at[2]) ||
      !is_digit(at[3]) || !is_digit(at[4])) {
    return false;
  }
  if (line.size > STATUS_LINE_MIN && at[5] != ' ') return false;

  head->minor = (unsigned)(at[0] - '0');
  head->status =
      (unsigned)((at[2] - '0') * 100 + (at[3] - '0') * 10 + (at[4] - '0'));
  head->reason = trim(midge_slice_skip(line, STATUS_LINE_MIN));
  return true;
}

static midge_http_progress parse(midge_http_head *head) {
  midge_slice all = midge_pipe_bytes(&head->bytes);
  midge_slice rest = all, line, name, value;
  if (!next_line(&rest, &line) || !read_status(head, line)) {
    return MIDGE_HTTP_MALFORMED;
  }

  head->fields = all.size - rest.size;
  while (next_line(&rest, &line) && line.size != 0) {
    if (!split_field(line, &name, &value)) return MIDGE_HTTP_MALFORMED;
  }
  return MIDGE_HTTP_DONE;
}

/* How many of the bytes belong to the head; sets `matched` on the way. */
static size_t find_end(midge_http_head *head, midge_slice bytes) {
  size_t i = 0;
  while (i < bytes.size && head->matched < END_SIZE) {
    char byte = (char)bytes.data[i++];
    if (byte == END[head->matched]) {
      head->matched++;
    } else {
      head->matched = byte == '\r' ? 1 : 0;
    }
  }
  return i;
}

static bool begins_as_http(const midge_http_head *head) {
  midge_slice all = midge_pipe_bytes(&head->bytes);
  size_t size = all.size < BEGINNING_SIZE ? all.size : BEGINNING_SIZE;
  return memcmp(all.data, BEGINNING, size) == 0;
}

midge_http_progress midge_http_head_received(midge_http_head *head,
                                             midge_slice bytes, size_t *taken) {
  *taken = find_end(head, bytes);
  size_t left = midge_pipe_left(&head->bytes);
  size_t size = *taken < left ? *taken : left;
  if (!midge_pipe_append(&head->bytes, midge_slice_of(bytes.data, size))) {
    return MIDGE_HTTP_NO_MEMORY;
  }
  if (!begins_as_http(head)) return MIDGE_HTTP_NOT_HTTP;
  if (size < *taken) return MIDGE_HTTP_TOO_LARGE;
  return head->matched == END_SIZE ? parse(head) : MIDGE_HTTP_MORE;
}

size_t midge_http_head_find(const midge_http_head *head, const char *name,
                            midge_slice *value) {
  midge_slice rest =
      midge_slice_skip(midge_pipe_bytes(&head->bytes), head->fields);
  midge_slice line, found_name, found_value;
  size_t count = 0;
  while (next_line(&rest, &line) && line.size != 0) {
    if (!split_field(line, &found_name, &found_value)) continue;
    if (!midge_http_is_text(found_name, name)) continue;
    *value = found_value;
    count++;
  }
  return count;
}
