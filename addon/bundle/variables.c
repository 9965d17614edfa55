/* Debian's static libraries are compiled for programs, where variables of libc
 * may be addressed directly. In a shared object they may not: objcopy gives
 * these four, the only ones, names of ours (see addon/CMakeLists.txt). */
#include "variables.h"

#include <stddef.h>

/* What starts processes asks for it, which midge never does. */
char **midge_bundle_environ;
FILE *midge_bundle_stderr;
FILE *midge_bundle_stdin;
const struct in6_addr midge_bundle_in6addr_any;

__attribute__((constructor)) static void set_files(void) {
  midge_bundle_stderr = stderr;
  midge_bundle_stdin = stdin;
}
