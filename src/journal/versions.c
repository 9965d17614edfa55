#include "journal/versions.h"

#include <lmdb.h>
#include <zlib.h>

#define TEXT(value) TEXT_OF(value)
#define TEXT_OF(value) #value

/* LMDB's own text has a name and a date in it. */
const char *midge_journal_lmdb(void) {
  return TEXT(MDB_VERSION_MAJOR) "." TEXT(MDB_VERSION_MINOR) "." TEXT(
      MDB_VERSION_PATCH);
}

const char *midge_journal_zlib(void) {
  return zlibVersion();
}
