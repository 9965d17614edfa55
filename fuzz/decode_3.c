/* A stream of packets of MQTT 3.1.1 and 3.1, from either side. */
#include "check.h"
#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  decode_stream(MIDGE_MQTT_3_1_1, (midge_slice){data, size});
  decode_stream(MIDGE_MQTT_3_1, (midge_slice){data, size});
  return 0;
}
