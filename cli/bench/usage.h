/* What this process takes of its machine. */
#ifndef MIDGE_CLI_BENCH_USAGE_H
#define MIDGE_CLI_BENCH_USAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Nanoseconds of all its threads, in programs and in the kernel. */
uint64_t usage_cpu(void);
/* Bytes that are resident now, and at most so far. */
uint64_t usage_memory(void);
uint64_t usage_memory_max(void);

/* Sees to it that so many connections have a file descriptor each. `text` is
 * empty, or says what was raised; false: it says what would help. */
bool usage_make_room(long connections, char *text, size_t size);

#endif
