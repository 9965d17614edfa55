/* What a line of a transcript tells a session, or asks it. */
#ifndef MIDGE_TEST_WISH_H
#define MIDGE_TEST_WISH_H

#include "transcript/driver.h"

/* `publish token=7 ...`, `connected`, `elapsed 30s`, `refused EINVAL ...`. */
void wish_tell(driver *d, const char *text);
/* `deadline 30s`, `unfinished 2`, `backlog 0`, `journal 3`. */
void wish_ask(driver *d, const char *text);

#endif
