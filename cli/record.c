#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "recording.h"
#include "run.h"

typedef struct cli_recorder {
  uint64_t begun_us;
  uint64_t count;
} cli_recorder;

/* The file stands where standard output was: what is printed goes there. */
static bool open_file(const cli_settings *settings) {
  const char *name = settings->recording;
  if (strcmp(name, "-") == 0) return true;
  int how = settings->overwrite ? O_TRUNC : O_EXCL;
  int file = open(name, O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (file < 0 && errno == EEXIST) {
    complain(settings,
             "%s is there already: name another file, or give --overwrite",
             name);
    return false;
  }
  if (file >= 0 && dup2(file, STDOUT_FILENO) >= 0 && close(file) == 0)
    return true;
  complain(settings, "%s: %s", name, strerror(errno));
  return false;
}

/* The next attempt would find it; what is no file of ours stays. */
static void remove_file(const cli_settings *settings) {
  struct stat stat;
  if (strcmp(settings->recording, "-") == 0) return;
  if (fstat(STDOUT_FILENO, &stat) == 0 && S_ISREG(stat.st_mode))
    unlink(settings->recording);
}

static void print(void *context, const cli_settings *settings,
                  const midge_event *event) {
  cli_recorder *recorder = context;
  (void)settings;
  recorder->count++;
  recording_write(stdout, event, run_now_us() - recorder->begun_us);
}

/* Whole lines have been written in any case, whatever ended us. */
int record_command(const cli_settings *settings) {
  cli_recorder recorder = {.begun_us = run_now_us()};
  if (!open_file(settings)) return 1;
  recording_begin(stdout, &settings->topics);
  int code = subscribe_with(settings, print, &recorder);
  if (code == EXIT_TIMEOUT && recorder.count != 0) code = 0;
  if (fflush(stdout) != 0 || ferror(stdout)) {
    complain(settings, "%s cannot be written: %s", settings->recording,
             strerror(errno));
    return 1;
  }
  if (code != 0 && recorder.count == 0) remove_file(settings);
  return code;
}
