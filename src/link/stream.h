/* Bytes between the transport and the session, through the filters. */
#ifndef MIDGE_LINK_STREAM_H
#define MIDGE_LINK_STREAM_H

#include "link/machine.h"

/* What the filters have for the session; true if there was any. */
bool midge_stream_pass_up(midge_link *link);
/* midge_link_room of the attempt under way. */
uint8_t *midge_stream_room(midge_link *link, size_t most, size_t *size);
/* Whether the filters have ended the stream, well or not. */
bool midge_stream_has_ended(const midge_link *link);
/* The transport took so much of the output. */
void midge_stream_written(midge_link *link, size_t size);

#endif
