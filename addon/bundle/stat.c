/* Before glibc 2.33 there was no function of these names, and programs called
 * others with a version of the struct. They are there to this day. */
#include "stat.h"

#include <sys/stat.h>

#ifdef __x86_64__
#define STRUCT_VERSION 1
#else
#define STRUCT_VERSION 0
#endif

int stat(const char *restrict path, struct stat *restrict result) {
  return __xstat(STRUCT_VERSION, path, result);
}

int lstat(const char *restrict path, struct stat *restrict result) {
  return __lxstat(STRUCT_VERSION, path, result);
}

int fstat(int file, struct stat *result) {
  return __fxstat(STRUCT_VERSION, file, result);
}

/* On 64 bits the two structs are one. */
int stat64(const char *restrict path, struct stat64 *restrict result) {
  return __xstat(STRUCT_VERSION, path, (struct stat *)result);
}

int lstat64(const char *restrict path, struct stat64 *restrict result) {
  return __lxstat(STRUCT_VERSION, path, (struct stat *)result);
}

int fstat64(int file, struct stat64 *result) {
  return __fxstat(STRUCT_VERSION, file, (struct stat *)result);
}
