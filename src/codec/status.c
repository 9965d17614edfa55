#include "codec/reason.h"

/* The reason code that a status stands for; below 0x80 if it is none. */
static unsigned reason_of(midge_status status) {
  return 0u - (unsigned)status;
}

const char *midge_status_name(midge_status status) {
  switch ((int)status) {
#define NAME(name, number, text) \
  case number:                   \
    return "MIDGE_" #name;
    MIDGE_STATUS_MAP(NAME)
#undef NAME
  }
  unsigned reason = reason_of(status);
  const char *name = reason >= 0x80 ? midge_reason_name(reason) : NULL;
  return name != NULL ? name : "MIDGE_EUNKNOWN";
}

const char *midge_status_text(midge_status status) {
  switch ((int)status) {
#define TEXT(name, number, text) \
  case number:                   \
    return text;
    MIDGE_STATUS_MAP(TEXT)
#undef TEXT
  }
  unsigned reason = reason_of(status);
  const char *text =
      reason >= 0x80 ? midge_reason_text((midge_reason)reason) : NULL;
  return text != NULL ? text : "an unknown error";
}
