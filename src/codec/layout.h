/* The body of each packet, read and written: what follows its fixed header.
 * The fixed header has been judged and `packet` zeroed, but for its type. */
#ifndef MIDGE_CODEC_LAYOUT_H
#define MIDGE_CODEC_LAYOUT_H

#include "codec/cursor.h"
#include "codec/writer.h"

enum { MIDGE_FLAG_RETAIN = 0x01, MIDGE_FLAG_DUPLICATE = 0x08 };

typedef void midge_reader(midge_cursor *cursor, midge_packet *packet);
typedef void midge_writing(midge_writer *writer, const midge_packet *packet);

midge_reader midge_read_connect;
midge_reader midge_read_connack;
midge_reader midge_read_publish;
midge_reader midge_read_ack;
midge_reader midge_read_subscribe;
midge_reader midge_read_suback;
midge_reader midge_read_unsubscribe;
midge_reader midge_read_unsuback;
midge_reader midge_read_disconnect;
midge_reader midge_read_auth;

midge_writing midge_write_connect;
midge_writing midge_write_connack;
midge_writing midge_write_publish;
midge_writing midge_write_ack;
midge_writing midge_write_subscribe;
midge_writing midge_write_suback;
midge_writing midge_write_unsubscribe;
midge_writing midge_write_unsuback;
midge_writing midge_write_disconnect;
midge_writing midge_write_auth;

#endif
