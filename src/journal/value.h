/* A record as LMDB holds it: the size of the head, a checksum of each part, and
 * the parts.
 *
 *     [size of head: 1] [crc of head: 4] [crc of body: 4] [head] [body]
 */
#ifndef MIDGE_JOURNAL_VALUE_H
#define MIDGE_JOURNAL_VALUE_H

#include "midge/types.h"

size_t midge_value_size(midge_slice head, midge_slice body);
/* `to` has that room. */
void midge_value_write(uint8_t *to, midge_slice head, midge_slice body);
/* Head and body point into `value`. False: it is damaged. */
MIDGE_CHECKED bool midge_value_read(midge_slice value, midge_slice *head,
                                    midge_slice *body);

#endif
