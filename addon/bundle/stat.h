/* What glibc exports and no longer declares. */
#ifndef MIDGE_ADDON_BUNDLE_STAT_H
#define MIDGE_ADDON_BUNDLE_STAT_H

struct stat;

int __xstat(int version, const char *path, struct stat *result);
int __lxstat(int version, const char *path, struct stat *result);
int __fxstat(int version, int file, struct stat *result);

#endif
