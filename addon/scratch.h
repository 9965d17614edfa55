/* What one call needs copied out of JavaScript, given back when it ends. */
#ifndef MIDGE_ADDON_SCRATCH_H
#define MIDGE_ADDON_SCRATCH_H

#include <node_api.h>

#include "midge/types.h"

typedef struct scratch_block scratch_block;

typedef struct midge_scratch {
  napi_env env;
  scratch_block *blocks;
  bool failed; /* memory ran out: what was read is not to be trusted */
  bool secret; /* there are passwords or keys: nothing of it is to stay */
} midge_scratch;

/* Null, and `failed`, when there is no memory. */
void *midge_scratch_take(midge_scratch *scratch, size_t size);
void midge_scratch_free(midge_scratch *scratch);

/* The bytes of a string (as UTF-8) or of a Uint8Array; the null slice for
 * anything else. Those of an array are borrowed until JavaScript runs. */
midge_slice midge_scratch_bytes(midge_scratch *scratch, napi_value value);

/* Fields of an object; the default is zero. lib/ has checked the types. */
napi_value midge_scratch_field(midge_scratch *scratch, napi_value object,
                               const char *name);
bool midge_scratch_flag(midge_scratch *scratch, napi_value object,
                        const char *name);
double midge_scratch_number(midge_scratch *scratch, napi_value object,
                            const char *name);
midge_slice midge_scratch_text(midge_scratch *scratch, napi_value object,
                               const char *name);
/* An array of strings; `count` is 0 when there is none. */
const midge_slice *midge_scratch_texts(midge_scratch *scratch, napi_value array,
                                       size_t *count);

#endif
