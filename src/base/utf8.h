/* Judging UTF-8 as MQTT wants it: MQTT 5, section 1.5.4. */
#ifndef MIDGE_BASE_UTF8_H
#define MIDGE_BASE_UTF8_H

#include "midge/types.h"

typedef enum midge_utf8 {
  MIDGE_UTF8_PLAIN, /* well-formed, and nothing odd in it */
  MIDGE_UTF8_ODD,   /* well-formed, with a control or a non-character */
  MIDGE_UTF8_WRONG, /* ill-formed, or with U+0000 */
} midge_utf8;

midge_utf8 midge_utf8_check(midge_slice text);

#endif
