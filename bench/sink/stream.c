#include "stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PUBACK = 4, PUBREC = 5, PUBCOMP = 7 };

/* How much is put into the output before it is sent. */
enum { FILL_MAX = 128 * 1024 };

/* in_flight counts the ids whose `awaited` is not 0. */
struct sink_stream {
  uint64_t left; /* not yet in the output */
  unsigned qos, window, in_flight;
  uint16_t id;            /* of the last message */
  uint8_t awaited[65536]; /* by id: packet type that has to come next, or 0 */
  uint8_t *packet;        /* one PUBLISH, whole but for its id */
  size_t packet_size;
  size_t id_at; /* where the id belongs in `packet` */
};

static bool make_packet(sink_stream *stream, const uint8_t *topic,
                        size_t topic_size, bool mqtt5, size_t payload_size) {
  size_t length =
      2 + topic_size + (stream->qos ? 2 : 0) + (mqtt5 ? 1 : 0) + payload_size;
  stream->packet = malloc(length + 5);
  if (!stream->packet) return false;
  uint8_t *to = stream->packet;
  *to++ = (uint8_t)(0x30 | stream->qos << 1);
  to = bytes_put_length(to, length);
  *to++ = (uint8_t)(topic_size >> 8);
  *to++ = (uint8_t)topic_size;
  memcpy(to, topic, topic_size);
  to += topic_size;
  stream->id_at = (size_t)(to - stream->packet);
  if (stream->qos) to += 2;
  if (mqtt5) *to++ = 0; /* no properties */
  for (size_t i = 0; i < payload_size; i++) *to++ = (uint8_t)('a' + i % 26);
  stream->packet_size = (size_t)(to - stream->packet);
  return true;
}

sink_stream *stream_new(const uint8_t *topic, size_t topic_size, bool mqtt5,
                        unsigned window) {
  char text[64];
  unsigned qos, asked;
  unsigned long long count;
  unsigned long size;
  if (topic_size >= sizeof text) return NULL;
  memcpy(text, topic, topic_size);
  text[topic_size] = 0;
  if (sscanf(text, "bench/%u/%llu/%lu/%u", &qos, &count, &size, &asked) != 4)
    return NULL;
  if (qos > 2 || size > STREAM_SIZE_MAX) return NULL;
  if (asked == 0 || asked > STREAM_WINDOW_MAX) return NULL;
  sink_stream *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->left = count;
  stream->qos = qos;
  stream->window = window < asked ? window : asked;
  if (make_packet(stream, topic, topic_size, mqtt5, size)) return stream;
  stream_free(stream);
  return NULL;
}

void stream_free(sink_stream *stream) {
  if (!stream) return;
  free(stream->packet);
  free(stream);
}

void stream_fill(sink_stream *stream, const sink_link *link, sink_bytes *out) {
  while (stream->left > 0 && bytes_filled(out) < FILL_MAX) {
    if (stream->qos && stream->in_flight == stream->window) return;
    uint8_t *to = link_packet(link, out, stream->packet_size);
    if (!to) return;
    memcpy(to, stream->packet, stream->packet_size);
    stream->left--;
    if (!stream->qos) continue;
    do stream->id++;
    while (stream->id == 0 || stream->awaited[stream->id]);
    stream->in_flight++;
    stream->awaited[stream->id] = stream->qos == 1 ? PUBACK : PUBREC;
    to[stream->id_at] = (uint8_t)(stream->id >> 8);
    to[stream->id_at + 1] = (uint8_t)stream->id;
  }
}

bool stream_acknowledged(sink_stream *stream, unsigned type, uint16_t id) {
  if (stream->awaited[id] != type) return false;
  if (type == PUBREC) {
    stream->awaited[id] = PUBCOMP;
    return true;
  }
  stream->awaited[id] = 0;
  stream->in_flight--;
  return true;
}

bool stream_finished(const sink_stream *stream) {
  return stream->left == 0 && stream->in_flight == 0;
}

bool stream_has_more(const sink_stream *stream) {
  return stream->left > 0 &&
         (stream->qos == 0 || stream->in_flight < stream->window);
}
