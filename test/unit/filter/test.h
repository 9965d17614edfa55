/* cmocka with what it needs before it. */
#ifndef TEST_TEST_H
#define TEST_TEST_H

#include <stdlib.h>
#include <string.h>

#include "unit/harness.h"

#endif
