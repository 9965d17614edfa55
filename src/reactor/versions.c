#include "journal/versions.h"

#include <uv.h>

#include "filter/openssl.h"
#include "midge/client.h"

midge_versions midge_library_versions(void) {
  return (midge_versions){
      .midge = MIDGE_VERSION,
      .libuv = uv_version_string(),
      .lmdb = midge_journal_lmdb(),
      .openssl = midge_openssl_version(),
      .zlib = midge_journal_zlib(),
  };
}
