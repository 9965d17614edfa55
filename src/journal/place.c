#include "journal/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
  ONLY_OWNER_DIRECTORY = 0700,
  ONLY_OWNER_FILE = 0600,
  NUMBER_ROOM = 24,
};

bool midge_place_is_remote(unsigned long type) {
  static const unsigned long remote[] = {
      0x6969,     /* NFS */
      0xff534d42, /* CIFS */
      0xfe534d42, /* SMB 2 */
      0x517b,     /* SMB */
      0x01021997, /* 9P */
      0x5346414f, /* AFS */
      0x6b414653, /* kAFS */
      0x73757245, /* Coda */
      0x00c36400, /* Ceph */
      0x0bd00bd0, /* Lustre */
      0x01161970, /* GFS2 */
      0x7461636f, /* OCFS2 */
      0x65735546, /* FUSE: sshfs and others */
  };
  for (size_t i = 0; i < sizeof remote / sizeof *remote; i++)
    if (remote[i] == (type & 0xffffffff)) return true;
  return false;
}

static char *join(midge_slice path, const char *name) {
  char *joined = NULL;
  int size = asprintf(&joined, "%.*s%s", (int)path.size,
                      (const char *)path.data, name);
  return size < 0 ? NULL : joined;
}

static midge_status make_directory(const char *path, midge_explanation *why) {
  struct stat found;
  if (mkdir(path, ONLY_OWNER_DIRECTORY) == 0) return MIDGE_OK;
  int error = errno;
  if (stat(path, &found) != 0)
    return midge_explain_error(why, error == EEXIST ? errno : error,
                               "cannot make the store", path);
  if (S_ISDIR(found.st_mode)) return MIDGE_OK;
  return midge_explain(why, MIDGE_EFOREIGN, "the store", path,
                       " is to be a directory, and a file is there");
}

static midge_status check_file_system(const char *path, bool forced,
                                      midge_explanation *why) {
  struct statfs found;
  if (forced) return MIDGE_OK;
  if (statfs(path, &found) != 0)
    return midge_explain_error(why, errno, "cannot look at the store", path);
  if (!midge_place_is_remote((unsigned long)found.f_type)) return MIDGE_OK;
  return midge_explain(why, MIDGE_ENETWORK, "the store", path,
                       " is on a network file system: choose a local path, or"
                       " set store.force if you know that it keeps locks");
}

/* Who has it, as he wrote it down; or 0. */
static long read_number(int lock) {
  char number[NUMBER_ROOM] = "";
  ssize_t size = pread(lock, number, sizeof number - 1, 0);
  return size > 0 ? strtol(number, NULL, 10) : 0;
}

static midge_status explain_lock(int lock, const char *path,
                                 midge_explanation *why) {
  char more[64];
  long process = read_number(lock);
  if (process == (long)getpid())
    snprintf(more, sizeof more, " is open already, in this process");
  else
    snprintf(more, sizeof more, " is open already, in process %ld", process);
  return midge_explain(why, MIDGE_ELOCKED, "the store", path, more);
}

/* For people; on a full disk they are told less. */
static void write_number(int lock) {
  char number[NUMBER_ROOM];
  int size = snprintf(number, sizeof number, "%ld\n", (long)getpid());
  if (ftruncate(lock, 0) != 0) return;
  ssize_t written = pwrite(lock, number, (size_t)size, 0);
  (void)written;
}

static midge_status take_lock(midge_place_of_store *place,
                              midge_explanation *why) {
  place->lock =
      open(place->lock_name, O_RDWR | O_CREAT | O_CLOEXEC, ONLY_OWNER_FILE);
  if (place->lock < 0)
    return midge_explain_error(why, errno, "cannot write to the store",
                               place->path);
  if (flock(place->lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return explain_lock(place->lock, place->path, why);
    return midge_explain_error(why, errno, "cannot lock the store",
                               place->path);
  }
  write_number(place->lock);
  return MIDGE_OK;
}

midge_status midge_place_name(midge_place_of_store *place, midge_slice path,
                              midge_explanation *why) {
  *place = (midge_place_of_store){.lock = -1};
  if (path.size == 0 || memchr(path.data, '\0', path.size) != NULL)
    return midge_explain(why, MIDGE_EINVAL, "the path of a store is not", "",
                         "");
  place->path = join(path, "");
  place->data = join(path, "/data.mdb");
  place->fresh = join(path, "/new.mdb");
  place->lock_name = join(path, "/lock");
  return place->path != NULL && place->data != NULL && place->fresh != NULL &&
                 place->lock_name != NULL
             ? MIDGE_OK
             : MIDGE_ENOMEM;
}

midge_status midge_place_open(midge_place_of_store *place, midge_slice path,
                              bool forced, midge_explanation *why) {
  midge_status status = midge_place_name(place, path, why);
  if (status == MIDGE_OK) status = make_directory(place->path, why);
  if (status == MIDGE_OK) status = check_file_system(place->path, forced, why);
  if (status == MIDGE_OK) status = take_lock(place, why);
  return status;
}

bool midge_place_is_locked(const midge_place_of_store *place, long *process) {
  int lock = open(place->lock_name, O_RDONLY | O_CLOEXEC);
  *process = 0;
  if (lock < 0) return false;
  bool locked = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  if (locked) *process = read_number(lock);
  close(lock);
  return locked;
}

void midge_place_close(midge_place_of_store *place) {
  if (place->lock >= 0) close(place->lock);
  free(place->path);
  free(place->data);
  free(place->fresh);
  free(place->lock_name);
  *place = (midge_place_of_store){.lock = -1};
}

midge_status midge_place_sync(const midge_place_of_store *place,
                              midge_explanation *why) {
  int directory = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int error = directory < 0 || fsync(directory) != 0 ? errno : 0;
  if (directory >= 0) close(directory);
  if (error == 0) return MIDGE_OK;
  return midge_explain_error(why, error, "cannot sync the store", place->path);
}
