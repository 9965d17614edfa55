#include "engine/will.h"

#include "base/slice.h"
#include "engine/check.h"

midge_status midge_will_check(const midge_publish *will, midge_version version,
                              midge_text_policy text) {
  midge_status status = midge_topic_check(will->topic, text);
  if (status != MIDGE_OK) return status;
  if ((unsigned)will->qos > MIDGE_EXACTLY_ONCE) return MIDGE_EINVAL;
  if (will->payload.size > UINT16_MAX) return MIDGE_EPAYLOAD;
  return midge_check_properties(will->properties, MIDGE_WILL, version);
}

midge_status midge_session_keep_will(midge_session *session,
                                     const midge_publish *will) {
  midge_buffer *kept = NULL;
  if (will != NULL) {
    size_t properties_size = midge_properties_size(will->properties);
    kept = midge_buffer_new(&session->allocator,
                            sizeof(midge_packet_will) + will->topic.size +
                                properties_size + will->payload.size);
    if (kept == NULL) return MIDGE_ENOMEM;

    midge_packet_will *packet = (midge_packet_will *)(void *)kept->data;
    uint8_t *topic = kept->data + sizeof *packet;
    uint8_t *properties = midge_slice_copy(topic, will->topic);
    uint8_t *payload = midge_properties_encode(will->properties, properties);
    midge_slice_copy(payload, will->payload);
    *packet = (midge_packet_will){
        .topic = midge_slice_of(topic, will->topic.size),
        .payload = midge_slice_of(payload, will->payload.size),
        .properties = midge_slice_of(properties, properties_size),
        .qos = will->qos,
        .retain = will->retain,
    };
  }
  midge_buffer_release(session->will);
  session->will = kept;
  return MIDGE_OK;
}

midge_status midge_session_set_will(midge_session *session,
                                    const midge_publish *will) {
  if (will != NULL) {
    midge_status status =
        midge_will_check(will, session->options.version, session->options.text);
    if (status != MIDGE_OK) return status;
  }
  return midge_session_keep_will(session, will);
}
