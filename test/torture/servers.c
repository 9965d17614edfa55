#include "servers.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/loopback.h"
#include "unit/harness.h"

#define CERTIFICATE(name) MIDGE_CERTIFICATES "/" name

static char psk_file[] = "/tmp/midge-psk-XXXXXX";
static char proxy_file[] = "/tmp/midge-tinyproxy-XXXXXX";
static pid_t proxies[2];

/* 0 if the program is not there. */
static pid_t start_proxy(char *const *arguments, uint16_t port) {
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    int nowhere = open("/dev/null", O_RDWR);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    execvp(arguments[0], arguments);
    _exit(127);
  }
  for (int i = 0; i < 6000; i++) {
    if (loopback_accepts(port)) return pid;
    if (waitpid(pid, NULL, WNOHANG) != 0) return 0;
    usleep(10000);
  }
  fail_msg("%s does not accept connections", arguments[0]);
  return 0;
}

static uint16_t free_port(void) {
  uint16_t port;
  close(loopback_bind(&port));
  return port;
}

static void start_proxies(servers *all) {
  char number[8];
  all->socks5 = free_port();
  snprintf(number, sizeof number, "%u", all->socks5);
  char *const socks5[] = {"microsocks", "-i",   "127.0.0.1", "-p",     number,
                          "-u",         "user", "-P",        "secret", NULL};
  proxies[0] = start_proxy(socks5, all->socks5);
  if (proxies[0] == 0) all->socks5 = 0;

  all->http = free_port();
  int file = mkstemp(proxy_file);
  assert_true(file >= 0);
  dprintf(file, "Port %u\nListen 127.0.0.1\nMaxClients 50\n", all->http);
  close(file);
  char *const http[] = {"tinyproxy", "-d", "-c", proxy_file, NULL};
  proxies[1] = start_proxy(http, all->http);
  if (proxies[1] == 0) all->http = 0;
}

void servers_start(servers *all) {
  static const char tls[] = "certfile " CERTIFICATE("server.pem") "\n"
                            "keyfile " CERTIFICATE("server.key") "\n";
  char wss[1024], psk[256];
  int file = mkstemp(psk_file);
  assert_true(file >= 0);
  dprintf(file, PSK_IDENTITY ":0f1e2d3c\n");
  close(file);
  snprintf(psk, sizeof psk, "psk_hint hint\npsk_file %s\n", psk_file);
  snprintf(wss, sizeof wss, "protocol websockets\n%s", tls);
  const char *const listeners[] = {tls, "protocol websockets\n", wss, psk,
                                   NULL};
  mosquitto_prepare(&all->mosquitto, listeners);
  mosquitto_start(&all->mosquitto);
  strcpy(all->root, CERTIFICATE("root.pem"));
  start_proxies(all);
}

void servers_stop(servers *all) {
  for (size_t i = 0; i < 2; i++) {
    if (proxies[i] == 0) continue;
    kill(proxies[i], SIGTERM);
    waitpid(proxies[i], NULL, 0);
  }
  unlink(psk_file);
  unlink(proxy_file);
  mosquitto_clear(&all->mosquitto);
}
