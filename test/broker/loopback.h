/* Ports of 127.0.0.1, for the programs that the tests start. */
#ifndef MIDGE_TEST_LOOPBACK_H
#define MIDGE_TEST_LOOPBACK_H

#include <stdbool.h>
#include <stdint.h>

/* Binds a free port, which is free again when the descriptor is closed. */
int loopback_bind(uint16_t *port);
/* Whether somebody accepts connections there. */
bool loopback_accepts(uint16_t port);

#endif
