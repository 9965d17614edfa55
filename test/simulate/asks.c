/* The option `ask`: every attempt waits for the program, which may be late,
 * speak of another attempt, or give what cannot be used. */
#include <stdio.h>

#include "base/slice.h"
#include "simulate/model.h"

static void proceed(world *w, uint32_t number, uint32_t user, const char *url) {
  char name[16];
  midge_wish wish = {.type = MIDGE_WISH_PROCEED};
  wish.proceed.number = number;
  if (user != 0) {
    wish.proceed.attempt.user_name =
        midge_slice_of((uint8_t *)name, (size_t)sprintf(name, "u%u", user));
  }
  if (url != NULL) wish.proceed.attempt.url = midge_slice_text(url);
  program_tell(w, &wish);
}

void ask_begin(world *w, uint32_t attempt) {
  program *p = &w->program;
  if (p->closed) return;
  if (attempt > 1 && world_chance(w, w->weather.awkward * 3)) {
    world_hit(HIT_ask_old);
    proceed(w, attempt - 1, 99, "mqtt://b");
  }
  if (world_chance(w, w->weather.awkward * 3)) {
    world_hit(HIT_ask_late);
    p->ask_at = w->now + world_roll(w, 9000);
  } else {
    p->ask_at = w->now;
  }
  p->ask_number = attempt;
}

void ask_answer(world *w) {
  program *p = &w->program;
  if (p->ask_number == 0 || p->ask_at > w->now || p->closed) return;
  uint32_t number = p->ask_number;
  p->ask_number = 0;
  if (!p->asked) return;
  if (world_chance(w, w->weather.awkward * 2)) {
    world_hit(HIT_ask_bad_url);
    proceed(w, number, 0, world_roll(w, 2) ? "mqtt://" : "nonsense");
  } else if (world_chance(w, w->weather.awkward * 2)) {
    world_hit(HIT_ask_new_url);
    proceed(w, number, ++p->user, "mqtt://given");
  } else {
    proceed(w, number, world_roll(w, 2) ? ++p->user : 0, NULL);
  }
}

/* The link hears of it. */
void ask_told(world *w, const midge_wish *wish) {
  life *l = &w->life;
  const midge_attempt *attempt = &wish->proceed.attempt;
  if (!l->running || !l->asking || l->goodbye ||
      wish->proceed.number != l->attempt)
    return;
  l->asking = false;
  l->began = w->now;
  bool bad = attempt->url.data != NULL &&
             !midge_slice_equal(attempt->url, MIDGE_TEXT("mqtt://given"));
  if (bad) return;
  if (attempt->url.data != NULL) {
    l->expected = PLACE_GIVEN;
    if (w->weather.servers == 0) l->home = PLACE_GIVEN;
  }
  if (attempt->user_name.data == NULL) return;
  l->user = 0;
  for (size_t i = 1; i < attempt->user_name.size; i++)
    l->user = l->user * 10 + (attempt->user_name.data[i] - '0');
}
