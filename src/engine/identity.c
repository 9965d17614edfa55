#include "engine/identity.h"

#include "base/slice.h"
#include "engine/options.h"
#include "engine/state.h"

bool midge_session_is_renamed(const midge_session *session) {
  return session->renamed;
}

/* What the old client's server has is not ours to speak of any more. */
static midge_status rename_client(midge_session *session, midge_slice id) {
  midge_buffer *copy = NULL;
  if (id.size != 0) {
    copy = midge_buffer_copy(&session->allocator, id);
    if (copy == NULL) return MIDGE_ENOMEM;
  }
  midge_buffer_release(session->client_id);
  session->client_id = copy;
  session->renamed = true;
  session->anew = false;
  return MIDGE_OK;
}

midge_status midge_session_set_identity(midge_session *session,
                                        const midge_identity *identity) {
  midge_session_options options = session->options;
  midge_slice before = MIDGE_NO_SLICE;
  if (session->client_id != NULL)
    before = midge_buffer_slice(session->client_id);
  options.client_id =
      identity->client_id.data != NULL ? identity->client_id : before;
  options.clean_start = identity->clean_start;
  options.keep_alive_s = identity->keep_alive_s;
  options.keep_alive_off = identity->keep_alive_off;
  options = midge_options_with_defaults(&options);

  bool is_other = !midge_slice_equal(options.client_id, before);
  if (session->state != MIDGE_STATE_IDLE) return MIDGE_EINVAL;
  if (options.durable && (is_other || options.clean_start))
    return MIDGE_ENOTSUP;
  midge_status status = midge_options_check(&options);
  if (status == MIDGE_OK && is_other)
    status = rename_client(session, options.client_id);
  if (status != MIDGE_OK) return status;
  options.client_id = MIDGE_NO_SLICE; /* it is kept beside them */
  session->options = options;
  return MIDGE_OK;
}
