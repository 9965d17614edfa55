/* What a world is like follows from its seed: first how often things go wrong
 * in it, then, step by step, what does. */
#include <string.h>

#include "simulate/model.h"

static uint32_t rate(dice *d, uint32_t most) {
  static const uint32_t parts[] = {0, 0, 1, 3, 10};
  return most * parts[dice_roll(d, 5)] / 10;
}

static uint32_t pick(dice *d, uint32_t a, uint32_t b, uint32_t c) {
  uint32_t of[] = {a, b, c};
  return of[dice_roll(d, 3)];
}

static bool one_in(dice *d, uint32_t sides) {
  return dice_roll(d, sides) == 0;
}

static void draw_session(weather *to, dice *d) {
  uint32_t version = dice_roll(d, 5);
  to->version = version < 3 ? MIDGE_MQTT_5 : (midge_version)(version - 2);
  to->broker_version = MIDGE_MQTT_5;
  to->negotiate = one_in(d, 6) && to->version == MIDGE_MQTT_5;
  if (to->negotiate && one_in(d, 2)) to->broker_version = MIDGE_MQTT_3_1_1;
  if (to->broker_version > to->version && to->version != MIDGE_MQTT_5)
    to->broker_version = MIDGE_MQTT_5;
  to->qos_max = MIDGE_EXACTLY_ONCE;
  if (to->version == MIDGE_MQTT_5 && to->broker_version == MIDGE_MQTT_5 &&
      one_in(d, 5))
    to->qos_max = (midge_qos)dice_roll(d, 2);
  to->lower = one_in(d, 2);
  to->kept = !one_in(d, 3);
  to->adopt = one_in(d, 2);
  to->durable = to->kept && one_in(d, 2);
  to->disk_ms = pick(d, 0, 5, 500);
  to->fleeting = to->durable && one_in(d, 2);
  to->memory_max = to->durable && one_in(d, 3) ? 1 + dice_roll(d, 2000) : 0;
  to->inbox = to->durable && one_in(d, 4);
  to->inbox_max = to->inbox && one_in(d, 2) ? 1 + dice_roll(d, 300) : 0;
  to->alias_auto = one_in(d, 2);
  to->by_hand = one_in(d, 4) || to->inbox;
  to->at_release = one_in(d, 2) && !to->inbox;
  to->parked_max = one_in(d, 4) ? 1 + dice_roll(d, 3000) : 0;
  to->hold = one_in(d, 6);
  to->drop = one_in(d, 4);
  to->breaks_off = one_in(d, 3);
  to->broker_window = (uint16_t)(1 + dice_roll(d, 10));
  to->lenient = one_in(d, 4);
  to->in_flight_max = (uint16_t)(1 + dice_roll(d, 30));
  to->receive_max = (uint16_t)(one_in(d, 4) ? 1 : 1 + dice_roll(d, 20));
  to->alias_max = (uint16_t)dice_roll(d, 3);
  to->batch_max = (uint16_t)(one_in(d, 2) ? 1 + dice_roll(d, 3) : 0);
  to->keep_alive_s = (uint16_t)pick(d, 2, 5, 10);
  to->server_keep_alive_s = (uint16_t)(one_in(d, 4) ? 1 + dice_roll(d, 8) : 0);
}

static void draw_life(weather *to, dice *d) {
  to->ask = one_in(d, 4);
  to->off = one_in(d, 12);
  to->lasting = one_in(d, 6);
  to->fixed = one_in(d, 8);
  to->proxy = one_in(d, 8);
  to->standing_late = one_in(d, 2);
  to->redirects_max = (uint8_t)dice_roll(d, 4);
  to->servers = one_in(d, 3) ? 1 + dice_roll(d, 2) : 0;
  to->min_ms = pick(d, 100, 500, 1000);
  to->max_ms = pick(d, 1000, 4000, 20000);
  to->stable_ms = pick(d, 300, 3000, 10000);
  to->connect_timeout_ms = pick(d, 2000, 4000, 8000);
  to->close_timeout_ms = pick(d, 300, 1000, 3000);
}

static void draw_network(weather *to, dice *d) {
  to->lag_ms = pick(d, 0, 5, 200);
  to->chunk_max = one_in(d, 10) ? 1 : 1 + dice_roll(d, 3000);
  if (to->chunk_max < 20 || (to->lag_ms > 5 && to->chunk_max < 1000))
    to->lag_ms = 0; /* else it is slower than the time limits */
  to->write_max = one_in(d, 8) ? 1 + dice_roll(d, 9) : 1 + dice_roll(d, 9000);
  to->write_wait = one_in(d, 2) ? 2000 : 0;
  to->pad_max = pick(d, 0, 30, 4000);
  if (to->chunk_max < 20 || to->write_max < 20) to->pad_max = 10;
  if (to->pad_max > 30 && (to->lag_ms > 5 || to->chunk_max < 300))
    to->pad_max = 30;
  to->mail_ms = pick(d, 0, 1, 50);
  to->pace_ms = pick(d, 20, 300, 2000);
}

static void draw_faults(weather *to, dice *d) {
  to->cut = rate(d, 300);
  to->refuse_dial = rate(d, 6000);
  to->refuse_connect = rate(d, 5000);
  to->move = rate(d, 5000);
  to->refuse = rate(d, 2000);
  to->takeover = rate(d, 100);
  to->crash = rate(d, 60);
  to->forget = rate(d, 3000);
  /* A client of MQTT 3.1 is not told, and cannot make up for it. */
  if (to->version == MIDGE_MQTT_3_1) to->forget = 0;
  to->late = rate(d, 60);
  to->pause = rate(d, 100);
  to->calls = rate(d, 9000);
  to->awkward = rate(d, 600);
  to->poison = !to->breaks_off && one_in(d, 6) ? 600 : 0;
  to->slow_answer = rate(d, 400);
  if (!to->durable) return;
  to->kill = rate(d, 1000);
  to->disk_fault = rate(d, 1000);
  to->jump = rate(d, 5000);
  to->expire = rate(d, 3000);
  to->lose = rate(d, 4000);
  to->damage = rate(d, 3000);
  to->discard = rate(d, 3000);
  if (to->version == MIDGE_MQTT_3_1) to->expire = to->lose = 0;
}

/* Whoever keeps a store does everything himself. */
static void draw_lease(weather *to, dice *d) {
  uint32_t most = rate(d, 10000);
  if (!to->durable) to->lease = most;
}

static void draw_broker(weather *to, dice *d) {
  uint32_t most = rate(d, 8000);
  if (to->durable) to->go_back = most;
}

void weather_draw(weather *to, dice *d) {
  memset(to, 0, sizeof *to);
  draw_session(to, d);
  draw_life(to, d);
  draw_network(to, d);
  if (!one_in(d, 10)) draw_faults(to, d);
  to->requests = 1 + dice_roll(d, one_in(d, 3) ? REQUESTS_MAX - 20 : 30);
  to->messages = dice_roll(d, one_in(d, 3) ? MESSAGES_MAX : 20);
  to->filters = one_in(d, 2) ? 2 : FILTERS;
  to->end = one_in(d, 8) ? END_FREE : dice_roll(d, 3);
  for (size_t i = 0; to->servers > 0 && i < to->servers; i++)
    to->dead[PLACE_A + i] = one_in(d, 3); /* the last one lives */
  draw_lease(to, d);
  draw_broker(to, d);
}
