/* Some brokers send PUBLISH again after PUBREL, which they may not
 * [MQTT-4.3.3-6]. A durable session that cannot have sent PUBCOMP has to know
 * the message. */
#include "engine/records.h"
#include "simulate/model.h"

/* What is told at PUBREL comes later then. While a newer connection brings
 * PUBREL the client may be done with it. */
void back_go(world *w, const conn *c, outgoing *o) {
  if (w->conn != c || !o->released || !o->known) return;
  if (!world_chance(w, w->weather.go_back)) return;
  world_hit(HIT_went_back);
  world_say(w, "      broker goes back to PUBLISH of %u", o->id);
  o->released = false;
  o->back = true;
  w->messages[o->number].behind |= w->weather.at_release;
}

/* From now on PUBCOMP may leave. */
void back_released(world *w, uint16_t id) {
  for (size_t i = 0; i < w->broker.queue_count; i++)
    if (w->broker.queue[i].id == id) w->broker.queue[i].known = false;
}

/* A connection is over. PUBCOMP rests on the record's being gone. */
void back_broken(world *w) {
  const disk *d = &w->disk;
  for (size_t i = 0; w->weather.durable && i < w->broker.queue_count; i++) {
    outgoing *o = &w->broker.queue[i];
    uint64_t freed = d->freed[o->id];
    if (o->id == 0) continue;
    o->known = freed != 0 ? !disk_is_safe(w, freed) : d->received[o->id] != 0;
  }
}

static bool is_in_file(const disk *d, uint16_t id) {
  for (size_t i = 0; i < d->file.count; i++)
    if (d->file.all[i].key == (MIDGE_KEY_INBOUND | id)) return id != 0;
  return false;
}

/* The process is dead: the next one knows what is in the file, which has no
 * more of a message that was done. */
void back_crash(world *w) {
  for (size_t i = 0; i < w->broker.queue_count; i++) {
    outgoing *o = &w->broker.queue[i];
    o->known = is_in_file(&w->disk, o->id);
    if (o->back && !o->released && !o->known)
      w->messages[o->number].unsure = true;
  }
}
