/* Whose messages a receiver has had: the numbers of each sender, found by its
 * name. */
#ifndef MIDGE_CLI_BENCH_SENDERS_H
#define MIDGE_CLI_BENCH_SENDERS_H

#include <stddef.h>

#include "midge/packet.h"
#include "sequence.h"

typedef struct sender {
  uint32_t name;
  midge_qos qos; /* of its last message */
  bool is_used;
  sequence numbers;
} sender;

/* Zero is empty; a power of two of places, at most half of them used. */
typedef struct senders {
  sender *list;
  size_t room, count;
} senders;

/* Null: there is no memory. `is_new`: it was not there before. On loan until
 * the next call. */
sender *senders_find(senders *all, uint32_t name, bool *is_new);
void senders_free(senders *all);

/* Of all of them, by the QoS of their messages. */
typedef struct verdict {
  uint64_t received, lost, duplicates, reordered;
} verdict;

void senders_judge(const senders *all, verdict by_qos[3]);

/* Of these, what the specification forbids at this QoS (MQTT 5, sections 4.3
 * and 4.6): a QoS of 0 may lose and one of 1 may double. */
uint64_t verdict_broken(const verdict *of, midge_qos qos);

#endif
