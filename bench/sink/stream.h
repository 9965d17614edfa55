/* Messages that the sink sends on demand: a subscription to
 * bench/<qos>/<count>/<size>/<window> is answered with `count` of them, of
 * which at most `window` of QoS 1 and 2 are unacknowledged at a time; the
 * client's Receive Maximum may say less. */
#ifndef MIDGE_BENCH_STREAM_H
#define MIDGE_BENCH_STREAM_H

#include "link.h"

enum { STREAM_WINDOW_MAX = 20000, STREAM_SIZE_MAX = 65536 };

typedef struct sink_stream sink_stream;

/* Null unless the topic is of that form and within the limits. */
sink_stream *stream_new(const uint8_t *topic, size_t topic_size, bool mqtt5,
                        unsigned window);
void stream_free(sink_stream *stream);

/* Adds what the window and `out` allow. */
void stream_fill(sink_stream *stream, const sink_link *link, sink_bytes *out);

/* PUBACK, PUBREC or PUBCOMP has come; false if nobody waited for it. */
bool stream_acknowledged(sink_stream *stream, unsigned type, uint16_t id);

/* All sent and, for QoS 1 and 2, all acknowledged. */
bool stream_finished(const sink_stream *stream);
bool stream_has_more(const sink_stream *stream);

#endif
