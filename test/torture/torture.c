/* Torture: of every scenario every call that can fail fails, once, and from
 * then on until nothing moves any more. Each of these points is a process of
 * its own: it must not crash, hang or leak, each wish has one outcome, and what
 * was stored or acknowledged is there.
 *
 *   torture [--slice K/N] [--scenario NAME [--point N [--lasting]]]
 *
 * Without a slice all points are tried. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scenarios.h"
#include "strike.h"

enum {
  JOBS = 8,
  PATIENCE_S = 120, /* of one point; the longest wait in it is shorter */
  FAULTS_SHOWN = 100,
  UNTOUCHED = 3, /* the status of a point whose call was not made */
};

/* What a point has to say of itself when it has died. */
typedef struct last_words {
  char name[32];
  unsigned calls;
} last_words;

typedef struct job {
  pid_t pid; /* 0: free */
  const scenario *of;
  unsigned at;
  bool lasts;
} job;

typedef struct run {
  unsigned slice, slices;
  job jobs[JOBS];
  last_words *words; /* one for each job, shared */
  unsigned long points, untouched, faults, index;
} run;

static size_t open_files(void) {
  size_t count = 0;
  DIR *all = opendir("/proc/self/fd");
  if (all == NULL) abort();
  while (readdir(all) != NULL) count++;
  closedir(all);
  return count;
}

/* In a process of its own. */
static int play(const scenario *of, unsigned at, bool lasts,
                last_words *words) {
  strike_spare(true);
  alarm(PATIENCE_S);
  strike_warm_up();
  strike_heal_later();
  size_t files = open_files();
  strike_prepare(at, lasts);
  strike_share_name(words->name, sizeof words->name);
  scenario_play(of);
  words->calls = strike_calls();
  strike_end();
  if (open_files() != files) {
    fprintf(stderr, "file descriptors are left open\n");
    return 1;
  }
  return at == 0 || strike_count() != 0 ? 0 : UNTOUCHED;
}

static pid_t start(const scenario *of, unsigned at, bool lasts,
                   last_words *words) {
  *words = (last_words){"", 0};
  fflush(NULL);
  pid_t pid = fork();
  if (pid < 0) abort();
  /* The sanitizer looks for leaks at the exit. */
  if (pid == 0) exit(play(of, at, lasts, words));
  return pid;
}

static void judge(run *r, const job *j, int status, const last_words *words) {
  scenario_clean_up(j->pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == UNTOUCHED) {
    r->untouched++;
    return;
  }
  r->points++;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return;
  r->faults++;
  fprintf(stderr, "--scenario %s --point %u%s (%s): ", j->of->name, j->at,
          j->lasts ? " --lasting" : "", words->name);
  if (!WIFSIGNALED(status))
    fprintf(stderr, "status %d\n", WEXITSTATUS(status));
  else if (WTERMSIG(status) == SIGALRM)
    fprintf(stderr, "hangs\n");
  else
    fprintf(stderr, "%s\n", strsignal(WTERMSIG(status)));
}

/* Waits for one that runs; false when none does. */
static bool reap(run *r) {
  int status;
  for (size_t i = 0, running = 0; i < JOBS || running != 0; i++) {
    if (i == JOBS) {
      usleep(500);
      i = running = 0;
    }
    if (r->jobs[i].pid == 0) continue;
    running++;
    if (waitpid(r->jobs[i].pid, &status, WNOHANG) == 0) continue;
    judge(r, &r->jobs[i], status, &r->words[i]);
    r->jobs[i].pid = 0;
    return true;
  }
  return false;
}

static size_t free_job(run *r) {
  for (;;) {
    for (size_t i = 0; i < JOBS; i++)
      if (r->jobs[i].pid == 0) return i;
    reap(r);
  }
}

static void try_point(run *r, const scenario *of, unsigned at, bool lasts) {
  if (r->index++ % r->slices != r->slice) return;
  size_t i = free_job(r);
  r->jobs[i] = (job){.of = of, .at = at, .lasts = lasts};
  r->jobs[i].pid = start(of, at, lasts, &r->words[i]);
}

/* How many calls it takes when none fails. */
static unsigned count_calls(run *r, const scenario *of) {
  int status;
  pid_t pid = start(of, 0, false, &r->words[0]);
  waitpid(pid, &status, 0);
  scenario_clean_up(pid);
  if (status == 0 && r->words[0].calls != 0) return r->words[0].calls;
  fprintf(stderr, "--scenario %s: fails by itself (%d)\n", of->name, status);
  r->faults++;
  return 0;
}

static void try_scenario(run *r, const scenario *of) {
  unsigned long before = r->points;
  unsigned calls = count_calls(r, of);
  for (unsigned at = 1; at <= calls && r->faults < FAULTS_SHOWN; at++) {
    try_point(r, of, at, false);
    try_point(r, of, at, true);
  }
  while (reap(r)) continue;
  printf("%s: %u calls, %lu points\n", of->name, calls, r->points - before);
}

static const char *option(int argc, char **argv, const char *name) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return i + 1 < argc ? argv[i + 1] : "";
  return NULL;
}

static int try_all(run *r, const char *only) {
  size_t count, played = 0;
  const scenario *all = scenarios(&count);
  for (size_t i = 0; i < count && r->faults < FAULTS_SHOWN; i++) {
    if (only != NULL && strcmp(only, all[i].name) != 0) continue;
    try_scenario(r, &all[i]);
    played++;
  }
  printf("%zu scenarios, %lu points, %lu faults (%lu calls were not made)\n",
         played, r->points, r->faults, r->untouched);
  return played == 0 || r->points == 0 || r->faults != 0;
}

/* One point alone, in this process: for a debugger. */
static int try_one(const char *name, unsigned at, bool lasts) {
  last_words words;
  size_t count;
  const scenario *all = scenarios(&count);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(name, all[i].name) != 0) continue;
    int status = play(&all[i], at, lasts, &words);
    scenario_clean_up(getpid());
    printf("%s: call %u of %u, %s: %d\n", name, at, words.calls, words.name,
           status);
    return status;
  }
  return 1;
}

int main(int argc, char **argv) {
  static run r = {.slice = 0, .slices = 1};
  const char *slice = option(argc, argv, "--slice");
  const char *only = option(argc, argv, "--scenario");
  const char *point = option(argc, argv, "--point");
  int status;
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  signal(SIGPIPE, SIG_IGN);
  strike_spare(true);
  strike_spare_openssl();
  if (slice != NULL && (sscanf(slice, "%u/%u", &r.slice, &r.slices) != 2 ||
                        r.slice >= r.slices)) {
    fprintf(stderr, "--slice K/N: K from 0, below N\n");
    return 2;
  }
  r.words = mmap(NULL, JOBS * sizeof *r.words, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (r.words == MAP_FAILED) abort();
  scenarios_begin();
  if (only != NULL && point != NULL)
    status = try_one(only, (unsigned)strtoul(point, NULL, 10),
                     option(argc, argv, "--lasting") != NULL);
  else
    status = try_all(&r, only);
  scenarios_end();
  return status;
}
