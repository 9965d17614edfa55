#include "spelling.h"

#include <string.h>

bool spelling_is_like(const char *word, const char *other) {
  size_t size = strlen(word), length = strlen(other);
  while (size > 0 && length > 0 && *word == *other) {
    word++, other++;
    size--, length--;
  }
  while (size > 0 && length > 0 && word[size - 1] == other[length - 1]) {
    size--;
    length--;
  }
  bool is_swapped =
      size == 2 && length == 2 && word[0] == other[1] && word[1] == other[0];
  return is_swapped || (size <= 1 && length <= 1);
}
