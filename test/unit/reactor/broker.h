/* A server in a thread of the test: enough MQTT 5 and 3.1.1 to be connected
 * to, and bad manners on demand. It listens on loopback, at a free port. */
#ifndef MIDGE_TEST_BROKER_H
#define MIDGE_TEST_BROKER_H

#include "midge/packet.h"

typedef struct broker broker;

typedef struct broker_options {
  const char *path;     /* a Unix socket instead of a port */
  bool ipv6;            /* [::1] instead of 127.0.0.1 */
  bool mute;            /* take bytes, say nothing */
  uint8_t refuse;       /* the reason code of CONNACK */
  bool old;             /* refuse MQTT 5 */
  bool goodbye_at_once; /* close every connection after CONNACK */
  size_t drop_after;    /* close after so many PUBLISH packets, unanswered */
  bool echo;            /* send every message back, at QoS 0 */
  size_t flood;         /* messages sent after each SUBACK, 1000 bytes each */
  bool deaf_after_connack; /* read nothing more */
  bool resets;             /* drop connections with RST */
  bool refers;             /* the first client, to itself as another server */
} broker_options;

broker *broker_start(const broker_options *options);
void broker_stop(broker *b);
uint16_t broker_port(const broker *b);
/* Break all connections. */
void broker_drop(broker *b);
size_t broker_connections(broker *b); /* CONNECTs ever seen */
size_t broker_goodbyes(broker *b);    /* DISCONNECTs ever seen */
size_t broker_pings(broker *b);       /* PINGREQs ever seen */
/* Bytes of a flood that the sockets have taken. */
size_t broker_sent(broker *b);
/* The messages that came in: how many, and the payload of one as a number. */
size_t broker_count(broker *b);
/* Waits for them; false if they do not come. */
bool broker_expect(broker *b, size_t count);
unsigned long broker_number(broker *b, size_t index);

#endif
