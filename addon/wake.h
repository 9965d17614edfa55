/* How JavaScript is had to take events, by the reactor's thread or by what its
 * own loop polls. In Node that is a handle
 * of its own loop, which costs one write; Node-API's function for it does that
 * write with its lock held, which the thread that it wakes wants first. Where
 * there is no such loop the function is used, and everywhere it is what keeps
 * the process alive. */
#ifndef MIDGE_ADDON_WAKE_H
#define MIDGE_ADDON_WAKE_H

#include <node_api.h>

typedef struct midge_wake midge_wake;

/* What is done on JavaScript's thread, and not once the environment has gone.
 */
typedef struct midge_wake_turns {
  bool (*read)(void *context); /* the epoll can be; true: there are events */
  /* They are JavaScript's, and were `read` on this thread. */
  void (*take)(void *context, bool read);
  /* Around that, and what JavaScript has put off until right behind it. */
  void (*cork)(void *context, bool on);
} midge_wake_turns;

/* On JavaScript's thread. What it has of Node's is closed by a hook of the
 * environment: hooks that are added later run before, and then nobody may send
 * any more. `resource`: an object that says whether it keeps the process alive,
 * for who looks for what does. Null: it could not be made. */
midge_wake *midge_wake_open(napi_env env, napi_value resource,
                            const midge_wake_turns *turns, void *context);
/* Have the loop poll an epoll, which is returned; 0: it does not. */
int midge_wake_listen(midge_wake *wake);
/* It polls that no more, and closes it. */
void midge_wake_cease(midge_wake *wake);
/* At the very end of the environment. */
void midge_wake_free(midge_wake *wake);
/* From any thread: there will be a turn. */
void midge_wake_send(midge_wake *wake);
/* Whether it keeps the process alive; at first it does not. */
void midge_wake_keep_alive(midge_wake *wake, bool on);

#endif
