#include "sequence.h"

static uint64_t *word_of(sequence *numbers, uint64_t number) {
  return &numbers->came[number / 64 % (SEQUENCE_WINDOW / 64)];
}

static uint64_t bit_of(uint64_t number) {
  return UINT64_C(1) << number % 64;
}

void sequence_begin(sequence *numbers, uint64_t first) {
  *numbers = (sequence){.first = first, .next = first};
}

/* Those from `next` up to `number` are missing until they come. */
static void skip_to(sequence *numbers, uint64_t number) {
  uint64_t count = number - numbers->next;
  uint64_t cleared = count < SEQUENCE_WINDOW ? count : SEQUENCE_WINDOW;
  for (uint64_t i = 1; i <= cleared; i++)
    *word_of(numbers, number - i) &= ~bit_of(number - i);
  numbers->lost += count;
  numbers->next = number;
}

sequence_verdict sequence_take(sequence *numbers, uint64_t number) {
  numbers->received++;
  if (number >= numbers->next) {
    skip_to(numbers, number);
    *word_of(numbers, number) |= bit_of(number);
    numbers->next = number + 1;
    return SEQUENCE_NEW;
  }
  bool is_old = numbers->next - number > SEQUENCE_WINDOW;
  if (is_old || (*word_of(numbers, number) & bit_of(number)) != 0) {
    numbers->duplicates++;
    return SEQUENCE_AGAIN;
  }
  *word_of(numbers, number) |= bit_of(number);
  numbers->reordered++;
  if (number >= numbers->first) numbers->lost--;
  return SEQUENCE_LATE;
}

void sequence_end(sequence *numbers, uint64_t next) {
  if (next > numbers->next) skip_to(numbers, next);
}
