/* Properties inside packets: MQTT 5, section 2.2.2. */
#ifndef MIDGE_CODEC_PROPERTY_H
#define MIDGE_CODEC_PROPERTY_H

#include "codec/cursor.h"
#include "codec/writer.h"

/* The properties of `packet` (a packet type or MIDGE_WILL), checked; nothing
 * is read or written before MQTT 5. */
midge_slice midge_read_properties(midge_cursor *cursor, unsigned packet);
void midge_write_properties(midge_writer *writer, midge_slice wire);

#endif
