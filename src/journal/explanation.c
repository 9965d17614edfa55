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
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
      return MIDGE_EFOREIGN;
    default:
      return MIDGE_ESTORE;
  }
}

midge_status midge_explain_error(midge_explanation *why, int error,
                                 const char *words, const char *path) {
  char more[100];
  snprintf(more, sizeof more, ": %s", mdb_strerror(error));
  return midge_explain(why, midge_status_of_error(error), words, path, more);
}
