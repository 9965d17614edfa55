/* cmocka with the headers that it wants and does not include. */
#ifndef MIDGE_TEST_HARNESS_H
#define MIDGE_TEST_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* Last: it needs all of these. */
#include <cmocka.h>

#endif
