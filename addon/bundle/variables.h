/* Variables of libc under names of ours, for static libraries that address
 * them directly. */
#ifndef MIDGE_ADDON_BUNDLE_VARIABLES_H
#define MIDGE_ADDON_BUNDLE_VARIABLES_H

#include <netinet/in.h>
#include <stdio.h>

extern char **midge_bundle_environ;
extern FILE *midge_bundle_stderr;
extern FILE *midge_bundle_stdin;
extern const struct in6_addr midge_bundle_in6addr_any;

#endif
