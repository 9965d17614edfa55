#include "reactor/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static void set_code(midge_fault *fault, const char *code) {
  snprintf(fault->code, sizeof fault->code, "%s", code);
}

void midge_fault_set(midge_fault *fault, midge_status status, const char *code,
                     const char *format, ...) {
  fault->status = status;
  set_code(fault, code != NULL ? code : midge_status_name(status));
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(fault->text, sizeof fault->text, format, arguments);
  va_end(arguments);
}

/* Node.js tells both kinds of "no such name" as one. */
static const char *code_of(int error) {
  if (error == UV_EAI_NONAME || error == UV_EAI_NODATA) return "ENOTFOUND";
  if (error == UV_EOF) return "ECONNRESET";
  return uv_err_name(error);
}

void midge_fault_set_system(midge_fault *fault, midge_status status, int error,
                            const char *format, ...) {
  fault->status = status;
  set_code(fault, code_of(error));
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(fault->text, sizeof fault->text, format, arguments);
  va_end(arguments);
  size_t size = strlen(fault->text);
  snprintf(fault->text + size, sizeof fault->text - size, ": %s",
           uv_strerror(error));
}
