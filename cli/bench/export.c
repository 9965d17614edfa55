#include "export.h"

#include <jansson.h>
#include <math.h>

#include "clock.h"

static void set_number(json_t *object, const char *name, double value) {
  double whole = round(value);
  bool is_whole = fabs(whole) < 9e15 && !(whole < value) && !(whole > value);
  json_object_set_new(
      object, name,
      is_whole ? json_integer((json_int_t)whole) : json_real(value));
}

static json_t *settings_of(const bench *run) {
  const cli_settings *settings = run->settings;
  json_t *object = json_object();
  set_number(object, "clients", (double)settings->bench.clients);
  set_number(object, "qos", (double)settings->qos);
  set_number(object, "size", (double)settings->bench.size);
  if (settings->bench.rate > 0)
    set_number(object, "rate", settings->bench.rate);
  if (settings->bench.count > 0)
    set_number(object, "count", (double)settings->bench.count);
  if (settings->bench.duration_s > 0)
    set_number(object, "duration_s", settings->bench.duration_s);
  if (settings->bench.warm_up_s > 0)
    set_number(object, "warm_up_s", settings->bench.warm_up_s);
  if (bench_churns(run)) set_number(object, "hold_s", settings->bench.hold_s);
  return object;
}

static json_t *figures_of(const results *all) {
  json_t *object = json_object();
  for (figure which = 0; which < FIGURES; which++) {
    figure_kind kind = figure_kind_of(which);
    double value = all->figures.of[which];
    char name[32];
    if (isnan(value)) continue;
    snprintf(name, sizeof name, "%s%s", figure_name(which),
             kind == IS_TIME    ? "_us"
             : kind == IS_BYTES ? "_bytes"
                                : "");
    set_number(object, name, kind == IS_TIME ? value / NS_PER_US : value);
  }
  return object;
}

static json_t *verdicts_of(const results *all) {
  json_t *object = json_object();
  for (midge_qos qos = 0; qos <= 2; qos++) {
    const verdict *of = &all->by_qos[qos];
    char name[] = {(char)('0' + qos), '\0'};
    if (of->received + of->lost == 0) continue;
    json_t *one = json_object();
    set_number(one, "received", (double)of->received);
    set_number(one, "lost", (double)of->lost);
    set_number(one, "duplicates", (double)of->duplicates);
    set_number(one, "reordered", (double)of->reordered);
    set_number(one, "broken", (double)verdict_broken(of, qos));
    json_object_set_new(object, name, one);
  }
  return object;
}

static json_t *faults_of(const bench *run) {
  json_t *list = json_array();
  for (size_t i = 0; i < FAULTS_MAX && run->faults[i].count != 0; i++) {
    const fault *of = &run->faults[i];
    json_t *one = json_pack("{s:s, s:s}", "code", midge_status_name(of->status),
                            "text", of->text);
    if (one == NULL) continue;
    set_number(one, "count", (double)of->count);
    json_array_append_new(list, one);
  }
  return list;
}

static json_t *expectations_of(const results *all) {
  json_t *list = json_array();
  for (size_t i = 0; i < all->expectations.count; i++) {
    const expectation *one = &all->expectations.list[i];
    char text[EXPECT_WHY];
    json_array_append_new(
        list,
        json_pack("{s:s, s:b}", "text", expect_text(one, &all->figures, text),
                  "met", expect_met(one, &all->figures)));
  }
  return list;
}

static json_t *series_of(const bench *run) {
  json_t *list = json_array();
  for (size_t i = 0; i < run->series.count; i++) {
    const sample *of = &run->series.list[i];
    json_t *one = json_object();
    set_number(one, "at_s", of->at_s);
    if (of->length_s > 0)
      set_number(one, "rate", (double)of->done / of->length_s);
    if (of->done > 0 && of->max > 0) {
      set_number(one, "p50_us", (double)of->p50 / NS_PER_US);
      set_number(one, "p99_us", (double)of->p99 / NS_PER_US);
      set_number(one, "max_us", (double)of->max / NS_PER_US);
    }
    set_number(one, "in_flight", (double)of->in_flight);
    set_number(one, "connected", (double)of->connected);
    json_array_append_new(list, one);
  }
  return list;
}

void export_print(const results *all, FILE *out) {
  const bench *run = all->run;
  char title[RESULTS_TITLE];
  json_t *object = json_pack(
      "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "bench",
      bench_name(run->kind), "title", results_title(run, title), "latency",
      results_latency(run), "settings", settings_of(run), "figures",
      figures_of(all), "qos", verdicts_of(all), "failed", faults_of(run),
      "asserted", expectations_of(all), "series", series_of(run));
  if (object == NULL) return;
  set_number(object, "latencies", (double)run->latency.count);
  json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(9));
  fputc('\n', out);
  json_decref(object);
}
