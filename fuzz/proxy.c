/* A proxy that says anything. The first byte chooses the kind of proxy, the
 * second how the bytes are cut, and the rest is what the proxy says: whole or
 * cut, it comes to the same, and what is passed up is the end of it. */
#include "filter/proxy.h"

#include <string.h>

#include "check.h"
#include "drive.h"

enum { HTTP = 1, LOGIN = 2, ENDS = 4 };

static drive run(unsigned flags, midge_slice bytes, size_t cut) {
  midge_proxy_options options = {.host = MIDGE_TEXT("broker"), .port = 1883};
  if (flags & LOGIN) {
    options.user_name = MIDGE_TEXT("me");
    options.password = MIDGE_TEXT("secret");
  }
  drive it = {.filter = NULL};
  midge_status status = flags & HTTP
                            ? midge_http_connect_new(&it.filter, &options)
                            : midge_socks5_new(&it.filter, &options);
  CHECK(status == MIDGE_OK);
  drive_drain(&it);
  drive_feed(&it, bytes, cut);
  if (flags & ENDS) {
    bool opened = midge_filter_state_of(it.filter) == MIDGE_FILTER_OPEN;
    midge_filter_ended(it.filter);
    CHECK((midge_filter_state_of(it.filter) == MIDGE_FILTER_CLOSED) == opened);
  }
  drive_drain(&it);
  return it;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  unsigned flags = data[0];
  size_t cut = data[1] == 0 ? 1 : data[1];
  midge_slice bytes = {data + 2, size - 2};

  drive whole = run(flags, bytes, SIZE_MAX);
  drive pieces = run(flags, bytes, cut);
  drive_compare(&whole, &pieces);
  CHECK(whole.up.size <= bytes.size);
  if (whole.up.size != 0) {
    CHECK(memcmp(whole.up.bytes, bytes.data + bytes.size - whole.up.size,
                 whole.up.size) == 0);
  }
  drive_free(&whole);
  drive_free(&pieces);
  return 0;
}
