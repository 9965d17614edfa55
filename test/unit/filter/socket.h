/* A WebSocket server's bytes, made by hand, good and bad. */
#ifndef TEST_SOCKET_H
#define TEST_SOCKET_H

#include "filter/websocket.h"
#include "link.h"

/* The value of Sec-WebSocket-Accept that answers this request. */
const char *accept_of(midge_slice request);

/* Add a frame with these first bits and opcode ("fin" is 0x80). */
void add_frame(bytes *to, unsigned first, midge_slice payload);

/* The payload of the client's next frame, unmasked; drops it from `from`. The
 * frame's first byte goes to `first`. Asserts that it is whole and masked. */
bytes next_frame(bytes *from, unsigned *first);

/* A filter whose upgrade was accepted; its request is dropped. */
midge_filter *open_websocket(const midge_websocket_options *options);

#endif
