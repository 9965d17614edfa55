/* What proxies do alike: passing bytes on once the server is reached. The
 * functions fit into a midge_filter_kind. */
#ifndef MIDGE_FILTER_PROXY_COMMON_H
#define MIDGE_FILTER_PROXY_COMMON_H

#include "filter/common.h"

/* How many were taken. */
size_t midge_proxy_pass_up(midge_common *common, midge_slice bytes);
size_t midge_proxy_write(midge_filter *filter, const midge_slice *slices,
                         size_t count);
void midge_proxy_close(midge_filter *filter);
void midge_proxy_ended(midge_filter *filter);

#endif
