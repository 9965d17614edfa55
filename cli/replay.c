#include "commands.h"
#include "reel.h"
#include "run.h"
#include "window.h"

/* A message is due at `start_us` and what was recorded between `base_us` and
 * it, divided by the speed. */
typedef struct cli_player {
  const cli_settings *settings;
  cli_reel reel;
  bool begun;  /* there was a connection */
  bool hungry; /* the next message is to be read yet */
  bool at_end; /* nothing more comes */
  bool failed; /* not everything went as it should */
  uint64_t start_us, base_us;
  uint64_t last_us; /* when the one before was due */
  uint64_t played;  /* in this round */
  cli_window waiting;
  midge_status refused; /* why one was, the last time it was told */
} cli_player;

static uint64_t due_of(const cli_player *player, uint64_t at_us) {
  double speed = player->settings->speed;
  if (speed <= 0 || at_us < player->base_us) return player->start_us;
  return player->start_us +
         (uint64_t)((double)(at_us - player->base_us) / speed);
}

static bool find_next(cli_player *player) {
  player->hungry = !reel_find(&player->reel);
  if (player->hungry) return false;
  if (player->start_us != 0) return true;
  /* The very first is due at once, however long it was waited for. */
  player->start_us = run_now_us();
  player->base_us = player->reel.next.at_us;
  return true;
}

static void play(cli_run *run, cli_player *player) {
  while (!window_is_full(&player->waiting) && find_next(player)) {
    const cli_recorded *next = &player->reel.next;
    uint64_t due_us = due_of(player, next->at_us);
    if (due_us > run_now_us()) return;
    if (!run_expect(run, midge_client_publish(run->client, &next->publish, 1),
                    "publish"))
      return;
    window_add(&player->waiting, next->publish.payload.size);
    player->last_us = due_us;
    player->played++;
    reel_drop(&player->reel);
  }
}

/* The next round follows the last message after the time in which the recording
 * waited for its first: one that is alone is not played all at once. */
static void begin_round(cli_player *player) {
  if (player->played == 0)
    complain(player->settings, "%s: there is no message to play again",
             player->reel.name);
  player->failed = player->played == 0 || !reel_rewind(&player->reel);
  player->start_us = player->last_us;
  player->base_us = player->played = 0;
  player->hungry = false;
}

/* Plays what is due, and ends when there is nothing more. */
static void go_on(cli_run *run, cli_player *player) {
  play(run, player);
  bool is_over = player->hungry && player->reel.at_end;
  if (is_over && player->settings->loop && !player->failed) begin_round(player);
  player->at_end = player->failed || (is_over && player->hungry);
  if (!player->at_end || player->waiting.count != 0) return;
  run_leave(run, player->failed || player->reel.faults != 0 ? 1 : run->code);
}

/* --- Steps --- */

static void opened(cli_run *run, void *context, bool first) {
  cli_player *player = context;
  player->begun = true;
  if (first) go_on(run, player);
}

static int64_t patience(void *context) {
  const cli_player *player = context;
  if (!player->begun || player->at_end || player->hungry ||
      window_is_full(&player->waiting))
    return -1;
  if (!player->reel.has_next) return 0;
  uint64_t now = run_now_us();
  uint64_t due = due_of(player, player->reel.next.at_us);
  return due > now ? (int64_t)(due - now) : 0;
}

static void on_tick(cli_run *run, void *context) {
  go_on(run, context);
}

static bool listens(void *context) {
  const cli_player *player = context;
  return player->begun && !player->at_end && player->hungry;
}

static void on_input(cli_run *run, void *context) {
  cli_player *player = context;
  if (!reel_read(&player->reel)) player->failed = true;
  go_on(run, player);
}

static void on_event(cli_run *run, void *context, const midge_event *event) {
  cli_player *player = context;
  if (event->type != MIDGE_EVENT_DONE) return;
  midge_status status = event->done.status;
  window_remove(&player->waiting);
  if (status != MIDGE_OK && status != player->refused)
    complain(run->settings, "publish: %s", midge_status_text(status));
  if (status != MIDGE_OK) {
    player->refused = status;
    run->code = 1;
  }
  if (player->at_end) go_on(run, player);
}

int replay_command(const cli_settings *settings) {
  static const cli_steps steps = {
      .opened = opened,
      .event = on_event,
      .listens = listens,
      .input = on_input,
      .patience = patience,
      .tick = on_tick,
  };
  cli_player player = {.settings = settings};
  int code = 1;
  if (reel_open(&player.reel, settings))
    code = run_command(settings, &steps, &player);
  reel_close(&player.reel);
  return code;
}
