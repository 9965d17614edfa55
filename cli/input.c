#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run.h"

enum { READ_MAX = 65536, PAYLOAD_MAX = 268435455 };

static bool make_room(cli_input *input) {
  if (input->first != 0) {
    input->size -= input->first;
    memmove(input->bytes, input->bytes + input->first, input->size);
    input->first = 0;
  }
  if (input->capacity - input->size >= READ_MAX) return true;
  size_t capacity = 2 * input->capacity + READ_MAX;
  uint8_t *bytes = realloc(input->bytes, capacity);
  if (bytes == NULL) return false;
  input->bytes = bytes;
  input->capacity = capacity;
  return true;
}

int input_read(cli_input *input, int file) {
  if (!make_room(input)) return -1;
  ssize_t size = read(file, input->bytes + input->size, READ_MAX);
  if (size < 0) return errno == EINTR || errno == EAGAIN ? 1 : -1;
  input->size += (size_t)size;
  return size > 0;
}

bool input_line(cli_input *input, bool at_end, midge_slice *line) {
  uint8_t *from = input->bytes + input->first;
  size_t left = input->size - input->first;
  uint8_t *end = left == 0 ? NULL : memchr(from, '\n', left);
  if (end == NULL && (!at_end || left == 0)) return false;
  size_t size = end == NULL ? left : (size_t)(end - from);
  *line = (midge_slice){from, size};
  input->first += size + (end != NULL);
  return true;
}

static bool load(cli_input *input, const cli_settings *settings, int file,
                 const char *name) {
  int more;
  while ((more = input_read(input, file)) > 0) {
    if (input->size <= PAYLOAD_MAX) continue;
    complain(settings, "%s: more than MQTT allows in a message", name);
    return false;
  }
  if (more < 0) complain(settings, "%s: %s", name, strerror(errno));
  return more == 0;
}

bool input_load(cli_input *input, const cli_settings *settings,
                midge_slice *payload) {
  const char *name = (const char *)settings->message.data;
  bool loaded = true;
  if (settings->source == SOURCE_TEXT) *payload = settings->message;
  if (settings->source == SOURCE_INPUT) {
    loaded = load(input, settings, STDIN_FILENO, "standard input");
  } else if (settings->source == SOURCE_FILE) {
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
      complain(settings, "%s: %s", name, strerror(errno));
      return false;
    }
    loaded = load(input, settings, file, name);
    close(file);
  } else {
    return true;
  }
  /* An empty retained message would clear what the server keeps. */
  if (loaded && input->size == 0 && settings->source == SOURCE_INPUT) {
    complain(settings, "standard input is empty: -n sends an empty message");
    return false;
  }
  *payload = (midge_slice){input->bytes, input->size};
  return loaded;
}

void input_free(cli_input *input) {
  free(input->bytes);
}
