/* From HTTP/1.1 to WebSocket: the request, and what the response must say
 * (RFC 6455, 4.1; MQTT 5, 6.0). */
#ifndef MIDGE_FILTER_UPGRADE_H
#define MIDGE_FILTER_UPGRADE_H

#include "filter/common.h"
#include "filter/http_head.h"
#include "filter/websocket.h"

enum { MIDGE_UPGRADE_KEY_SIZE = 16, MIDGE_UPGRADE_SUBPROTOCOL_MAX = 64 };

typedef struct midge_upgrade {
  midge_http_head head;
  uint8_t accept[28]; /* the Sec-WebSocket-Accept that answers our key */
  char subprotocol[MIDGE_UPGRADE_SUBPROTOCOL_MAX + 1];
} midge_upgrade;

void midge_upgrade_init(midge_upgrade *upgrade,
                        const midge_allocator *allocator);
void midge_upgrade_free(midge_upgrade *upgrade);

/* Puts the request into `out`. MIDGE_EINVAL, MIDGE_ENOMEM. */
MIDGE_CHECKED midge_status
midge_upgrade_begin(midge_upgrade *upgrade, midge_pipe *out,
                    const midge_websocket_options *options,
                    const uint8_t key[MIDGE_UPGRADE_KEY_SIZE]);
/* Returns how many bytes belong to the response. `common` becomes OPEN, or
 * FAILED with the reason, or stays OPENING. */
size_t midge_upgrade_received(midge_upgrade *upgrade, midge_common *common,
                              midge_slice bytes);

#endif
