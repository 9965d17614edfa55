#include "engine/alone.h"

void midge_session_open_window(midge_session *session, uint16_t window) {
  midge_breaks *breaks = &session->breaks;
  if (session->outbox.count == 0 && session->requests.count == 0)
    breaks->alone = 0;
  bool narrow = breaks->alone != 0 && window > 1;
  session->outbox.window = narrow ? 1 : window;
  breaks->kept_places = narrow ? window - 1u : 0;
}

midge_request *midge_session_oldest_request(const midge_session *session) {
  midge_request *request = session->requests.first;
  while (request != NULL && request->shown && request->owner.packet_id == 0)
    request = request->next;
  return request != NULL && request->shown ? request : NULL;
}

static bool has_release(const midge_session *session) {
  const midge_message *m = session->outbox.releases.first;
  while (m != NULL && m->given_up) m = m->release_next;
  return m != NULL;
}

bool midge_session_awaits_one(const midge_session *session) {
  return session->breaks.alone != 0 &&
         (session->outbox.window == 0 || has_release(session) ||
          midge_session_oldest_request(session) != NULL);
}

void midge_session_note_answer(midge_session *session) {
  midge_breaks *breaks = &session->breaks;
  breaks->count = 0;
  if (breaks->alone == 0) return;
  breaks->alone--;
  if (breaks->alone != 0) return;
  session->outbox.window += breaks->kept_places;
  breaks->kept_places = 0;
}
