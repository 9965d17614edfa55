/* The program's thread in the place of the reactor's, for a moment.
 *
 * An answer to a message would wake a thread that wakes up for nothing else:
 * the change of threads costs more than the answer. So the thread that takes
 * events borrows the lease, if the reactor sleeps, tells the link its wish and
 * sends what comes of it. It touches nothing of libuv: what needs a timer, a
 * poll or a close is owed by the reactor, which is rung for it. Who wishes
 * much lets the reactor do it, which is a thread more for the work. */
#ifndef MIDGE_REACTOR_HELP_H
#define MIDGE_REACTOR_HELP_H

#include "reactor/member.h"

/* True: the wish is done already. Else it is for the mailbox. */
MIDGE_CHECKED bool midge_help(midge_client *client, const midge_wish *wish);
/* This is put next, and is followed by more: they leave together, on the
 * program's thread. What large ones cost is the system's work, for which a
 * second thread would need a core that the server has use for. */
void midge_help_gather(midge_reactor *reactor, const midge_wish *wish);
/* The thread that takes events has all there are. */
void midge_help_note(midge_reactor *reactor);

/* Under the lease. It is connected, nothing waits to be sent, and nobody else
 * has a part in it: what comes of a wish or a read is no more than that. */
bool midge_help_is_possible(const midge_client *client);
/* The client's turn, as far as it goes without libuv; the rest is owed. */
void midge_help_turn(midge_client *client);

#endif
