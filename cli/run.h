/* A client, and the loop of the program around it: events, standard input,
 * time and signals. */
#ifndef MIDGE_CLI_RUN_H
#define MIDGE_CLI_RUN_H

#include "settings.h"

/* As libmosquitto numbers it; any other end is 1, or the server's code. */
enum { EXIT_TIMEOUT = 27 };

typedef struct cli_run cli_run;

/* What a command does. All but `event` may be null. */
typedef struct cli_steps {
  /* A connection is there; `first`: the first one. */
  void (*opened)(cli_run *run, void *context, bool first);
  /* The store was read, before anything else. */
  void (*restored)(cli_run *run, void *context, const midge_event *event);
  /* MESSAGE or DONE. */
  void (*event)(cli_run *run, void *context, const midge_event *event);
  /* What was printed has left us; false if that is not enough. */
  bool (*flushed)(cli_run *run, void *context);
  /* Whether it wants to hear of standard input; then `input` is called when
   * there is something to read, or its end. */
  bool (*listens)(void *context);
  void (*input)(cli_run *run, void *context);
  /* Microseconds until `tick`, -1 for never. */
  int64_t (*patience)(void *context);
  void (*tick)(cli_run *run, void *context);
} cli_steps;

struct cli_run {
  const cli_settings *settings;
  const cli_steps *steps;
  void *context;
  midge_reactor *reactor;
  midge_client *client;
  bool opened; /* there was a connection */
  bool leaving;
  bool ended;
  bool readable;  /* standard input, or its end */
  midge_time end; /* of -W */
  int code;       /* of the process */
};

/* Connects, and runs until the end; the code of the process. */
int run_command(const cli_settings *settings, const cli_steps *steps,
                void *context);

/* Says goodbye, and ends with this code, or 1 if what was printed before cannot
 * be written. */
void run_leave(cli_run *run, int code);

/* Writes what was printed; false: nobody takes it, or the disk is full. */
bool run_flush(cli_run *run);

/* Milliseconds that never run backwards. */
midge_time run_now(void);
uint64_t run_now_us(void);

/* To standard error, unless --quiet. */
__attribute__((format(printf, 2, 3))) void complain(
    const cli_settings *settings, const char *format, ...);
/* A status that a call returned: false, and the end, if it is an error. */
bool run_expect(cli_run *run, midge_status status, const char *what);

#endif
