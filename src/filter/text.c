#include "filter/text.h"

#include "base/slice.h"

enum { QUOTE_MAX = 120 };

midge_text midge_text_in(char *to, size_t room) {
  if (room == 0) to = NULL;
  if (to != NULL) to[0] = '\0';
  return (midge_text){.to = to, .room = room};
}

static void add_byte(midge_text *text, char byte) {
  if (text->to == NULL || text->size + 1 >= text->room) return;
  text->to[text->size++] = byte;
  text->to[text->size] = '\0';
}

void midge_text_add(midge_text *text, const char *words) {
  for (; *words != '\0'; words++) add_byte(text, *words);
}

void midge_text_quote(midge_text *text, midge_slice bytes) {
  size_t shown = bytes.size < QUOTE_MAX ? bytes.size : QUOTE_MAX;
  for (size_t i = 0; i < shown; i++) {
    bool plain = bytes.data[i] >= 0x20 && bytes.data[i] < 0x7f;
    add_byte(text, plain ? (char)bytes.data[i] : '?');
  }
  if (shown < bytes.size) midge_text_add(text, "...");
}

void midge_text_number(midge_text *text, unsigned number) {
  char digits[12];
  size_t i = sizeof(digits);
  do {
    digits[--i] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  while (i < sizeof(digits)) add_byte(text, digits[i++]);
}
