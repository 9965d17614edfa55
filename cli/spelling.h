/* Words that were meant to be others. */
#ifndef MIDGE_CLI_SPELLING_H
#define MIDGE_CLI_SPELLING_H

#include <stdbool.h>

/* Whether one letter that lacks, is too many or another one, or two that stand
 * in each other's place, make one word of the other. */
bool spelling_is_like(const char *word, const char *other);

#endif
