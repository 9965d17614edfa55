#include "reactor/errors.h"

#include <stdio.h>
#include <uv.h>

/* Node.js tells both kinds of "no such name" as one. */
static const char *code_of(int error) {
  if (error == UV_EAI_NONAME || error == UV_EAI_NODATA) return "ENOTFOUND";
  if (error == UV_EOF) return "ECONNRESET";
  return uv_err_name(error);
}

static bool is_by_peer(int error) {
  return error == UV_ECONNRESET || error == UV_EPIPE || error == UV_EOF ||
         error == UV_ECONNABORTED;
}

void midge_fault_of_system(midge_fault *fault, midge_status status, int error,
                           const char *what, const char *subject) {
  char text[sizeof fault->text];
  snprintf(text, sizeof text, "%s%s%s%s", what, subject,
           what[0] != '\0' ? ": " : "", uv_strerror(error));
  midge_fault_set(fault, status, code_of(error), text);
  fault->by_server = is_by_peer(error);
}
