#include <uv.h>

#include "strike.h"

static void work(uv_work_t *request) {
  (void)request;
}

static void work_done(uv_work_t *request, int status) {
  (void)request;
  (void)status;
}

void strike_warm_up(void) {
  uv_loop_t loop;
  uv_work_t request;
  uv_loop_init(&loop);
  /* The threads of the pool work for midge later. */
  bool before = strike_spare(false);
  uv_queue_work(&loop, &request, work, work_done);
  strike_spare(before);
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_loop_close(&loop);
}
