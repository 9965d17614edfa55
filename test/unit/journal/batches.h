/* Stores with many records, and whether their files are sound. */
#ifndef MIDGE_TEST_BATCHES_H
#define MIDGE_TEST_BATCHES_H

#include "journal/pages.h"
#include "stores.h"

enum { BATCH_MAX = 200, PAGE = 4096 };

/* What is to be in the store: the records from `low` to before `high`. */
extern uint64_t low, high;

int batches_set_up(void **state);
/* Of a record that was put. */
midge_slice body_of(uint64_t key);
/* So many records behind the last, and so many of the first deleted. */
void write_batch(midge_store *store, size_t puts, size_t deletions);
const char *data_path(void);
/* With the tables of the records, or without. */
midge_soundness soundness_of(bool records);

#endif
