/* The numbers of one sender as one receiver sees them: which are missing, which
 * come twice, and which come after a later one. */
#ifndef MIDGE_CLI_BENCH_SEQUENCE_H
#define MIDGE_CLI_BENCH_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* It knows of each of the last so many whether it came; what is older counts
 * as a duplicate. */
enum { SEQUENCE_WINDOW = 2048 };

/* `lost` are those from `first` to `next` that have not come. With all members
 * zero it begins at number 0. */
typedef struct sequence {
  uint64_t first, next; /* `next` is above the highest that came */
  uint64_t received, lost, duplicates, reordered;
  uint64_t came[SEQUENCE_WINDOW / 64]; /* a bit each, by the number's end */
} sequence;

typedef enum sequence_verdict {
  SEQUENCE_NEW,
  SEQUENCE_LATE, /* it was missing */
  SEQUENCE_AGAIN,
} sequence_verdict;

/* Who comes in the middle begins with the first that he sees. */
void sequence_begin(sequence *numbers, uint64_t first);

sequence_verdict sequence_take(sequence *numbers, uint64_t number);

/* Nothing more comes, and this was the first that was not sent: what has not
 * come by now is lost. */
void sequence_end(sequence *numbers, uint64_t next);

#endif
