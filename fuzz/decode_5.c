/* A stream of packets of MQTT 5, from either side. */
#include "check.h"
#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  decode_stream(MIDGE_MQTT_5, (midge_slice){data, size});
  return 0;
}
