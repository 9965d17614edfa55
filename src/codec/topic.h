/* Topic names and filters inside packets: MQTT 5, section 4.7. */
#ifndef MIDGE_CODEC_TOPIC_H
#define MIDGE_CODEC_TOPIC_H

#include "codec/cursor.h"

/* Faults of a topic name that is not empty. */
void midge_judge_topic(midge_cursor *cursor, midge_slice topic);
void midge_judge_filter(midge_cursor *cursor, midge_slice filter);

#endif
