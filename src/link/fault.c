#include "link/fault.h"

#include "filter/text.h"

void midge_fault_set(midge_fault *fault, midge_status status, const char *code,
                     const char *text) {
  *fault = (midge_fault){.status = status};
  midge_text in = midge_text_in(fault->code, sizeof fault->code);
  midge_text_add(&in, code != NULL ? code : midge_status_name(status));
  in = midge_text_in(fault->text, sizeof fault->text);
  midge_text_add(&in, text);
}
