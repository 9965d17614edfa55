#include "reactor/turns.h"

enum { QUANTUM_BYTES = 64 * 1024 };

static void line_up(midge_turns *turns, midge_gauge *gauge) {
  gauge->behind = NULL;
  if (turns->last != NULL)
    turns->last->behind = gauge;
  else
    turns->first = gauge;
  turns->last = gauge;
}

static void step_out(midge_turns *turns) {
  turns->first = turns->first->behind;
  if (turns->first == NULL) turns->last = NULL;
  turns->given = 0;
}

static midge_event_run *add_run(midge_turns *turns, midge_event_block *block,
                                uint32_t from) {
  midge_gauge *gauge = block->events[from].origin;
  midge_event_run *run = &block->runs[block->run_count++];
  *run = (midge_event_run){.block = block, .next = from, .end = from};
  if (gauge->first_run != NULL)
    gauge->last_run->behind = run;
  else
    gauge->first_run = run;
  gauge->last_run = run;
  if (gauge->first_run == run) line_up(turns, gauge);
  return run;
}

static void add_block(midge_turns *turns, midge_event_block *block) {
  midge_event_run *run = NULL;
  block->run_count = 0;
  for (uint32_t i = 0; i < block->count; i++) {
    if (i == 0 || block->events[i].origin != block->events[i - 1].origin)
      run = add_run(turns, block, i);
    run->end++;
  }
  block->runs_left = block->run_count;
}

static void free_block(midge_turns *turns, midge_event_block *block) {
  if (turns->spare != NULL) {
    midge_free(turns->allocator, block, sizeof *block);
    return;
  }
  block->next = NULL;
  block->count = 0;
  turns->spare = block;
}

void midge_turns_add(midge_turns *turns, midge_event_list *list) {
  midge_event_block *next;
  for (midge_event_block *block = list->first; block != NULL; block = next) {
    next = block->next;
    if (block->count != 0)
      add_block(turns, block);
    else
      free_block(turns, block);
  }
  *list = (midge_event_list){.first = turns->spare, .last = turns->spare};
  turns->spare = NULL;
}

bool midge_turns_is_over(const midge_turns *turns) {
  return turns->first == NULL || turns->given >= QUANTUM_BYTES;
}

void midge_turns_pass(midge_turns *turns) {
  midge_gauge *gauge = turns->first;
  if (turns->given < QUANTUM_BYTES) return;
  step_out(turns);
  line_up(turns, gauge);
}

const midge_event *midge_turns_event(const midge_turns *turns) {
  const midge_event_run *run = turns->first->first_run;
  return &run->block->events[run->next];
}

void midge_turns_give(midge_turns *turns, size_t cost) {
  turns->given += cost;
}

void midge_turns_done(midge_turns *turns) {
  midge_gauge *gauge = turns->first;
  midge_event_run *run = gauge->first_run;
  midge_event_block *block = run->block;
  midge_event_block_release(block, run->next);
  if (++run->next < run->end) return;
  gauge->first_run = run->behind;
  if (gauge->first_run == NULL) step_out(turns);
  if (--block->runs_left == 0) free_block(turns, block);
}

void midge_turns_free(midge_turns *turns) {
  midge_free(turns->allocator, turns->spare, sizeof *turns->spare);
  turns->spare = NULL;
}
