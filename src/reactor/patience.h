/* Memory for what can be neither refused nor forgotten: an event of something
 * that has happened, a record that the session was promised. Where there is
 * none the thread waits until there is, for what others give back meanwhile. */
#ifndef MIDGE_REACTOR_PATIENCE_H
#define MIDGE_REACTOR_PATIENCE_H

#include "base/allocator.h"

/* Waits for the memory of `inner`, which outlives it. */
midge_allocator midge_patient(const midge_allocator *inner);

/* The same for midge_allocator_default. */
extern const midge_allocator midge_patient_default;

/* Until the next try; `tries` counts them, from 0. */
void midge_be_patient(unsigned *tries);

#endif
