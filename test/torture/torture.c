/* Torture: of every scenario every call that can fail fails, once, and from
 * then on until nothing moves any more. Each of these points is a process of
 * its own: it must not crash, hang or leak, each wish has one outcome, and what
 * was stored or acknowledged is there. Where there is a store its disk fails,
 * too, in each way that a disk has (strike.h).
 *
 *   torture [--slice K/N] [--kind KIND] [--scenario NAME [--point N
 * [--lasting]]]
 *
 * Without a slice all points are tried, without a kind all of them. */
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
  JOBS = 32,         /* at a time: most of them wait */
  PATIENCE_S = 120,  /* of one point; the longest wait in it is shorter */
  LINGER_MS = 20000, /* of what nobody waits for any more */
  FAULTS_SHOWN = 100,
  UNTOUCHED = 3, /* the status of a point whose call was not made */
};

/* What a point has to say of itself when it has died. */
typedef struct last_words {
  char name[32];
  unsigned calls;
} last_words;

static const char *const kinds[STRIKE_KINDS] = {
    [STRIKE_ALL] = "call",    [STRIKE_EIO] = "eio",
    [STRIKE_FULL] = "full",   [STRIKE_READ_ONLY] = "read-only",
    [STRIKE_SHORT] = "short", [STRIKE_DONE] = "done",
};

/* A scenario, with one kind of call that fails. */
typedef struct course {
  const scenario *of;
  strike_kind kind;
  unsigned calls;
} course;

typedef struct job {
  pid_t pid; /* 0: free */
  course *of;
  unsigned at; /* 0: nothing fails, and the calls are counted */
  bool lasts;
} job;

typedef struct run {
  course *all;
  size_t count;
  const char *only, *kind; /* names; null: all of them */
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

/* A thread that waits for a name outlives its reactor, and its loop has files
 * of its own until the name is found. */
static bool has_closed_all_but(size_t files) {
  for (int i = 0; i < LINGER_MS && open_files() > files; i++) usleep(1000);
  return open_files() == files;
}

/* In a process of its own. */
static int play(const course *of, unsigned at, bool lasts, last_words *words) {
  strike_spare(true);
  alarm(PATIENCE_S);
  strike_warm_up();
  strike_heal_later();
  size_t files = open_files();
  strike_choose(of->kind);
  strike_prepare(at, lasts);
  strike_share_name(words->name, sizeof words->name);
  scenario_play(of->of);
  words->calls = strike_calls();
  strike_end();
  if (!has_closed_all_but(files)) {
    fprintf(stderr, "file descriptors are left open\n");
    return 1;
  }
  return at == 0 || strike_count() != 0 ? 0 : UNTOUCHED;
}

static pid_t start(const course *of, unsigned at, bool lasts,
                   last_words *words) {
  *words = (last_words){"", 0};
  fflush(NULL);
  pid_t pid = fork();
  if (pid < 0) abort();
  /* The sanitizer looks for leaks at the exit. */
  if (pid == 0) exit(play(of, at, lasts, words));
  return pid;
}

static void accuse(run *r, const job *j, int status, const char *name) {
  r->faults++;
  fprintf(stderr,
          "--kind %s --scenario %s --point %u%s (%s): ", kinds[j->of->kind],
          j->of->of->name, j->at, j->lasts ? " --lasting" : "", name);
  if (!WIFSIGNALED(status))
    fprintf(stderr, "status %d\n", WEXITSTATUS(status));
  else if (WTERMSIG(status) == SIGALRM)
    fprintf(stderr, "hangs\n");
  else
    fprintf(stderr, "%s\n", strsignal(WTERMSIG(status)));
}

static void judge(run *r, const job *j, int status, const last_words *words) {
  scenario_clean_up(j->pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == UNTOUCHED) {
    r->untouched++;
    return;
  }
  if (j->at == 0) {
    j->of->calls = words->calls;
    if (status != 0 || words->calls == 0)
      accuse(r, j, status, "fails by itself");
    return;
  }
  r->points++;
  if (status != 0) accuse(r, j, status, words->name);
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

static void begin(run *r, course *of, unsigned at, bool lasts) {
  if (r->faults >= FAULTS_SHOWN) return;
  size_t i = free_job(r);
  r->jobs[i] = (job){.of = of, .at = at, .lasts = lasts};
  r->jobs[i].pid = start(of, at, lasts, &r->words[i]);
}

/* How many calls each takes when none fails. */
static void count_calls(run *r) {
  for (size_t i = 0; i < r->count; i++) begin(r, &r->all[i], 0, false);
  while (reap(r)) continue;
}

/* Those of this slice, of all scenarios that there are. */
static void try_points(run *r) {
  for (size_t i = 0; i < r->count; i++)
    for (unsigned at = 1; at <= r->all[i].calls; at++)
      for (int lasts = 0; lasts < 2; lasts++)
        if (r->index++ % r->slices == r->slice)
          begin(r, &r->all[i], at, lasts != 0);
  while (reap(r)) continue;
}

static int try_all(run *r) {
  count_calls(r);
  for (size_t i = 0; i < r->count; i++)
    printf("%s, %s: %u calls\n", r->all[i].of->name, kinds[r->all[i].kind],
           r->all[i].calls);
  /* What follows is short, and at the end: faults and how many. */
  try_points(r);
  printf(
      "%zu scenarios and kinds, %lu points, %lu faults "
      "(%lu calls were not made)\n",
      r->count, r->points, r->faults, r->untouched);
  return r->points == 0 || r->faults != 0;
}

static const char *option(int argc, char **argv, const char *name) {
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], name) == 0) return i + 1 < argc ? argv[i + 1] : "";
  return NULL;
}

/* One point alone, in this process: for a debugger. */
static int try_one(const run *r, unsigned at, bool lasts) {
  last_words words = {"", 0};
  int status = play(r->all, at, lasts, &words);
  scenario_clean_up(getpid());
  printf("%s: call %u of %u, %s: %d\n", r->only, at, words.calls, words.name,
         status);
  return status;
}

static bool is_wanted(const char *only, const char *name) {
  return only == NULL || strcmp(only, name) == 0;
}

/* Disks fail where there is one. */
static void choose_courses(run *r) {
  size_t count;
  const scenario *all = scenarios(&count);
  r->all = calloc(count * STRIKE_KINDS, sizeof *r->all);
  if (r->all == NULL) abort();
  for (size_t i = 0; i < count; i++) {
    unsigned end = all[i].is_stored ? STRIKE_KINDS : STRIKE_ALL + 1;
    for (unsigned kind = STRIKE_ALL; kind < end; kind++)
      if (is_wanted(r->only, all[i].name) && is_wanted(r->kind, kinds[kind]))
        r->all[r->count++] = (course){&all[i], (strike_kind)kind, 0};
  }
}

int main(int argc, char **argv) {
  static run r = {.slice = 0, .slices = 1};
  const char *slice = option(argc, argv, "--slice");
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
  r.only = option(argc, argv, "--scenario");
  r.kind = option(argc, argv, "--kind");
  choose_courses(&r);
  if (r.count == 0) {
    fprintf(stderr, "there is no such scenario, or kind of it\n");
    return 2;
  }
  r.words = mmap(NULL, JOBS * sizeof *r.words, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (r.words == MAP_FAILED) abort();
  scenarios_begin();
  if (r.only != NULL && point != NULL)
    status = try_one(&r, (unsigned)strtoul(point, NULL, 10),
                     option(argc, argv, "--lasting") != NULL);
  else
    status = try_all(&r);
  scenarios_end();
  return status;
}
