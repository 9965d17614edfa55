/* How the reactor's thread has JavaScript take events. In Node that is a handle
 * of its own loop, which costs one write; Node-API's function for it does that
 * write with its lock held, which the thread that it wakes wants first. Where
 * there is no such loop the function is used, and everywhere it is what keeps
 * the process alive. */
#ifndef MIDGE_ADDON_WAKE_H
#define MIDGE_ADDON_WAKE_H

#include <node_api.h>

typedef struct midge_wake midge_wake;

/* On JavaScript's thread, as `turn` is called on it, and not once the
 * environment has gone. What it has of Node's is closed by a hook of the
 * environment: hooks that are added later run before, and then nobody may send
 * any more. Null: it could not be made. */
midge_wake *midge_wake_open(napi_env env, void (*turn)(void *context),
                            void *context);
/* At the very end of the environment. */
void midge_wake_free(midge_wake *wake);
/* From any thread: there will be a turn. */
void midge_wake_send(midge_wake *wake);
/* Whether it keeps the process alive; at first it does not. */
void midge_wake_keep_alive(midge_wake *wake, bool on);

#endif
