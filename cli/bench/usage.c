#include "usage.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"

enum { OTHER_FILES = 64 }; /* of the program and the library */

static uint64_t ns_of(struct timeval time) {
  return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_usec * NS_PER_US;
}

uint64_t usage_cpu(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
}

uint64_t usage_memory(void) {
  unsigned long total = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL) return 0;
  if (fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
  fclose(file);
  return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t usage_memory_max(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (uint64_t)usage.ru_maxrss * 1024;
}

bool usage_make_room(long connections, char *text, size_t size) {
  struct rlimit limit;
  rlim_t wanted = (rlim_t)connections + OTHER_FILES;
  text[0] = '\0';
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
    return true;
  if (limit.rlim_max < wanted) {
    snprintf(
        text, size,
        "%ld connections need %llu file descriptors, and at most %llu are"
        " allowed: --clients %lld, or raise the hard limit (ulimit -Hn %llu"
        " as root, LimitNOFILE= of a service)",
        connections, (unsigned long long)wanted,
        (unsigned long long)limit.rlim_max,
        (long long)limit.rlim_max - OTHER_FILES, (unsigned long long)wanted);
    return false;
  }
  rlim_t before = limit.rlim_cur;
  limit.rlim_cur = wanted;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    snprintf(text, size,
             "the limit of file descriptors cannot be raised:"
             " ulimit -n %llu",
             (unsigned long long)wanted);
    return false;
  }
  snprintf(text, size, "raised the limit of file descriptors from %llu to %llu",
           (unsigned long long)before, (unsigned long long)wanted);
  return true;
}
