/* What the checks of the wishes share. From any thread. */
#ifndef MIDGE_ENGINE_CHECK_H
#define MIDGE_ENGINE_CHECK_H

#include "midge/packet.h"

bool midge_has_property(midge_properties properties, midge_property_id id);
/* As midge_properties_check; there are none before MQTT 5. */
MIDGE_CHECKED midge_status midge_check_properties(midge_properties properties,
                                                  unsigned packet,
                                                  midge_version version);

#endif
