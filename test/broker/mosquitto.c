#include "mosquitto.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loopback.h"
#include "unit/harness.h"

enum { TICK_US = 10000, TICKS_MAX = 6000 };

/* More in flight than there ever is: past its limit mosquitto 2.0.11 sends
 * what it had to queue after newer messages, and drops messages of MQTT 3.1.1
 * without a word; and with 0, for no limit, it forgets over a restart which
 * messages of QoS 2 were received, and sends them again. */
static const char base[] =
    "user root\n"
    "allow_anonymous true\n"
    "persistence true\n"
    "persistence_location %s/\n"
    "autosave_interval 0\n"
    "max_queued_messages 0\n"
    "max_queued_bytes 0\n"
    "max_inflight_messages 60000\n"
    "connection_messages false\n"
    "log_dest file %s/log\n"
    "listener %u 127.0.0.1\n";

static void path_of(const mosquitto *m, const char *name, char *path,
                    size_t size) {
  snprintf(path, size, "%s/%s", m->folder, name);
}

void mosquitto_prepare(mosquitto *m, const char *const *listeners) {
  int held[MOSQUITTO_PORTS];
  memset(m, 0, sizeof *m);
  for (int i = 0; i < MOSQUITTO_PORTS; i++)
    held[i] = loopback_bind(&m->ports[i]);
  for (int i = 0; i < MOSQUITTO_PORTS; i++) close(held[i]);
  strcpy(m->folder, "/tmp/midge-mosquitto-XXXXXX");
  assert_non_null(mkdtemp(m->folder));

  char path[128];
  path_of(m, "conf", path, sizeof path);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fprintf(file, base, m->folder, m->folder, m->ports[0]);
  m->last = m->ports[0];
  for (int i = 1; listeners != NULL && *listeners != NULL; i++) {
    assert_true(i < MOSQUITTO_PORTS);
    m->last = m->ports[i];
    fprintf(file, "listener %u 127.0.0.1\n%s\n", m->last, *listeners++);
  }
  fclose(file);
}

void mosquitto_start(mosquitto *m) {
  char path[128];
  path_of(m, "conf", path, sizeof path);
  m->pid = fork();
  assert_true(m->pid >= 0);
  if (m->pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    char *const arguments[] = {"mosquitto", "-c", path, NULL};
    execvp("mosquitto", arguments);
    execv("/usr/sbin/mosquitto", arguments);
    _exit(127);
  }
  for (int i = 0; i < TICKS_MAX; i++) {
    if (loopback_accepts(m->last)) return;
    if (waitpid(m->pid, NULL, WNOHANG) != 0) break;
    usleep(TICK_US);
  }
  fail_msg("mosquitto did not start: see %s/log", m->folder);
}

void mosquitto_stop(mosquitto *m) {
  if (m->pid == 0) return;
  kill(m->pid, SIGTERM);
  waitpid(m->pid, NULL, 0);
  m->pid = 0;
}

void mosquitto_clear(mosquitto *m) {
  static const char *const names[] = {"conf", "log", "mosquitto.db"};
  char path[128];
  mosquitto_stop(m);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    path_of(m, names[i], path, sizeof path);
    unlink(path);
  }
  rmdir(m->folder);
}
