/* The servers and proxies that scenarios go to, started once for all. */
#ifndef MIDGE_TEST_SERVERS_H
#define MIDGE_TEST_SERVERS_H

#include "broker/mosquitto.h"

enum { PLAIN, TLS, WEBSOCKET, TLS_WEBSOCKET, PSK }; /* mosquitto's ports */

typedef struct servers {
  mosquitto mosquitto;
  uint16_t socks5, http; /* 0: the proxy is not installed */
  char root[128];        /* the certificate of mosquitto's authority */
} servers;

#define PSK_IDENTITY "tortured"
#define PSK_KEY "\x0f\x1e\x2d\x3c"

void servers_start(servers *all);
void servers_stop(servers *all);

#endif
