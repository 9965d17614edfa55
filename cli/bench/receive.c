#include "receive.h"

#include "load.h"
#include "stamp.h"

static void measure(bench *run, const stamp *mark, uint64_t now) {
  uint64_t due = mark->due_unix - run->clock_offset;
  if (now + run->clock_offset < mark->due_unix) {
    run->early++;
    due = now;
  }
  bench_count(run, due, now);
}

void receive_message(bench *run, bench_client *client, const midge_event *event,
                     uint64_t now) {
  stamp mark;
  bool is_new;
  bool is_awaited = run->kind == BENCH_SUB || run->kind == BENCH_ECHO;
  if (!is_awaited) return; /* nobody has subscribed */
  run->heard = now;
  bool is_ours = stamp_read(event->message.payload, &mark);
  if (run->kind == BENCH_ECHO)
    is_ours = is_ours && mark.sender == run->run + client->index;
  if (!is_ours) {
    run->foreign++;
    if (run->kind == BENCH_SUB) bench_end(run, now);
    return;
  }
  sender *from = senders_find(&client->senders, mark.sender, &is_new);
  if (from == NULL) {
    bench_fault(run, MIDGE_ENOMEM, (midge_slice){0});
    return;
  }
  /* A subscriber comes in the middle of others' numbers. */
  if (is_new && run->kind == BENCH_SUB)
    sequence_begin(&from->numbers, mark.number);
  uint64_t lost = from->numbers.lost;
  sequence_verdict came = sequence_take(&from->numbers, mark.number);
  from->qos = event->message.qos;
  run->received++;
  if (came == SEQUENCE_AGAIN) return;
  if (event->message.retain) { /* since when it lay there says nothing */
    bench_end(run, now);
    return;
  }
  measure(run, &mark, now);
  if (run->kind != BENCH_ECHO) return;
  /* What is overtaken counts as ended, too: perhaps it never comes. */
  bool is_late = came == SEQUENCE_LATE;
  load_ended(run, client, is_late ? 0 : 1 + from->numbers.lost - lost, now);
}

void receive_end(bench *run) {
  if (run->kind != BENCH_ECHO) return;
  for (size_t i = 0; i < run->count; i++) {
    bench_client *client = &run->clients[i];
    bool is_new;
    if (client->number == 0) continue;
    sender *own =
        senders_find(&client->senders, run->run + client->index, &is_new);
    if (own == NULL) continue;
    if (is_new) own->qos = (midge_qos)run->settings->qos;
    sequence_end(&own->numbers, client->number);
  }
}
