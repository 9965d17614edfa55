#include "engine/control.h"

#include "codec/ack.h"
#include "engine/tell.h"

bool midge_session_show(midge_session *session, const midge_packet *packet) {
  size_t size = midge_packet_size(session->version, packet);
  if (size == 0 || size > session->limits.packet_size_max) return false;

  uint8_t *to = midge_output_reserve(&session->output, size);
  if (to == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return false;
  }
  midge_packet_encode(session->version, packet, to);
  midge_output_commit(&session->output, size);
  return true;
}

/* Most answers say nothing but that all is well. */
static void show_bare(midge_session *session, midge_packet_type type,
                      const midge_answer *answers, size_t count) {
  size_t size = count * MIDGE_BARE_ACK_SIZE;
  uint8_t *to = midge_output_reserve(&session->output, size);
  if (to == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  for (size_t i = 0; i < count; i++)
    midge_bare_ack_encode(type, answers[i].packet_id,
                          to + i * MIDGE_BARE_ACK_SIZE);
  midge_output_commit(&session->output, size);
}

static void show(midge_session *session, const midge_control *control) {
  if (control->reason == 0) {
    midge_answer answer = {.packet_id = control->packet_id};
    show_bare(session, control->type, &answer, 1);
    return;
  }
  midge_packet packet = {.type = control->type};
  packet.ack.packet_id = control->packet_id;
  packet.ack.reason = control->reason;
  /* CONNACK was refused if not even this fits: only memory can lack. */
  (void)midge_session_show(session, &packet);
}

/* Nothing waits that is to leave before. */
static bool may_leave(const midge_session *session) {
  return session->controls.count == 0 &&
         midge_record_queue_have(&session->records, session->records.written);
}

void midge_session_control(midge_session *session, midge_packet_type type,
                           uint16_t packet_id, uint8_t reason) {
  bool completes = type == MIDGE_PUBCOMP && reason == 0;
  midge_control control = {session->records.written, type, packet_id, reason,
                           completes};
  if (session->version != MIDGE_MQTT_5) control.reason = 0;
  if (may_leave(session)) {
    show(session, &control);
    return;
  }
  midge_control *newest = midge_ring_push(&session->controls);
  if (newest == NULL) {
    midge_session_fail(session, MIDGE_ENOMEM, NULL);
    return;
  }
  *newest = control;
}

void midge_session_control_all(midge_session *session, midge_packet_type type,
                               const midge_answer *answers, size_t count) {
  if (may_leave(session)) {
    show_bare(session, type, answers, count);
    return;
  }
  for (size_t i = 0; i < count && midge_session_is_open(session); i++)
    midge_session_control(session, type, answers[i].packet_id, 0);
}

void midge_session_show_controls(midge_session *session) {
  while (midge_session_is_open(session) && session->controls.count != 0) {
    midge_control control =
        *(midge_control *)midge_ring_at(&session->controls, 0);
    if (!midge_record_queue_have(&session->records, control.position)) return;
    midge_ring_pop(&session->controls);
    show(session, &control);
  }
}
