/* A real mosquitto on loopback, at a free port, with a folder of its own. */
#ifndef MIDGE_TEST_MOSQUITTO_H
#define MIDGE_TEST_MOSQUITTO_H

#include <stdint.h>
#include <sys/types.h>

enum { MOSQUITTO_PORTS = 5 };

typedef struct mosquitto {
  char folder[64];
  uint16_t ports[MOSQUITTO_PORTS]; /* all free; the first is plain MQTT */
  uint16_t last; /* of those that it listens at, the one it opens last */
  pid_t pid;     /* 0: not running */
} mosquitto;

/* Writes the configuration; `listeners` are the lines of up to four more
 * listeners, at the other ports, and end with null; null alone is fine. */
void mosquitto_prepare(mosquitto *m, const char *const *listeners);
/* Starts it and waits until it accepts connections. */
void mosquitto_start(mosquitto *m);
/* SIGTERM, and waits for its end: it saves what it holds. */
void mosquitto_stop(mosquitto *m);
/* Stops it if need be and removes the folder. */
void mosquitto_clear(mosquitto *m);

#endif
