#include "journal/explanation.h"

#include <errno.h>
#include <lmdb.h>
#include <stdio.h>

midge_status midge_explain(midge_explanation *why, midge_status status,
                           const char *words, const char *path,
                           const char *more) {
  snprintf(why->text, sizeof why->text, "%s \"%.120s\"%s", words, path, more);
  return status;
}

midge_status midge_status_of_error(int error) {
  switch (error) {
    case ENOMEM:
      return MIDGE_ENOMEM;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL:
      return MIDGE_EFULL;
    case EROFS:
      return MIDGE_EREADONLY;
    case ENOTDIR:
    case EISDIR:
    case ESPIPE:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return MIDGE_EFOREIGN;
    default:
      return MIDGE_ESTORE;
  }
}

/* What helps, if it is known. */
static const char *remedy(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "; free some space there";
    case EFBIG:
      return "; its file system takes no larger file";
    case MDB_MAP_FULL:
      return "; allow it more bytes (maxQueueBytes), or empty it";
    case EROFS:
      return "; mount it for writing, or choose another path";
    case EACCES:
    case EPERM:
      return "; it has to belong to the user of this process";
    case EIO:
      return "; the disk has failed, and the system's log says how";
    case EMFILE:
    case ENFILE:
      return "; allow more open files";
    case EISDIR:
    case ESPIPE:
    case MDB_INVALID:
      return "; choose another path, or move it away";
    case ENOENT:
      return "; make the directory that it is to lie in";
    default:
      return "";
  }
}

midge_status midge_explain_error(midge_explanation *why, int error,
                                 const char *words, const char *path) {
  char more[128];
  snprintf(more, sizeof more, ": %s%s", mdb_strerror(error), remedy(error));
  return midge_explain(why, midge_status_of_error(error), words, path, more);
}
