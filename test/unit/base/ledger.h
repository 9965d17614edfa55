/* An allocator that keeps books and refuses on demand. */
#ifndef MIDGE_TEST_LEDGER_H
#define MIDGE_TEST_LEDGER_H

#include "base/allocator.h"

typedef struct ledger {
  midge_allocator allocator; /* give this to what is under test */
  size_t blocks, bytes;      /* that are out */
  size_t calls;              /* that asked for memory */
  size_t fail_at;            /* the call that is refused, from 1; 0: none */
  bool fails;                /* all of them are, while it is set */
} ledger;

void ledger_init(ledger *books);
/* Refuse the next call that asks for memory. */
void ledger_fail_next(ledger *books);
/* Everything came back, with the right sizes. */
void ledger_check_empty(const ledger *books);

#endif
