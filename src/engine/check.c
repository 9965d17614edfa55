#include "engine/check.h"

bool midge_has_property(midge_properties properties, midge_property_id id) {
  for (size_t i = 0; i < properties.count; i++)
    if (properties.list[i].id == id) return true;
  return false;
}

midge_status midge_check_properties(midge_properties properties,
                                    unsigned packet, midge_version version) {
  if (version == MIDGE_MQTT_5)
    return midge_properties_check(properties, packet);
  return properties.count == 0 ? MIDGE_OK : MIDGE_EINVAL;
}
