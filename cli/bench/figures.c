#include "figures.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name, *help;
  figure_kind kind;
} rows[] = {
#define FIGURE_ROW(name, text, kind, help) {text, help, IS_##kind},
    FIGURE_MAP(FIGURE_ROW)
#undef FIGURE_ROW
};

void figures_init(figures *all) {
  for (figure which = 0; which < FIGURES; which++) all->of[which] = (double)NAN;
}

const char *figure_name(figure which) {
  return rows[which].name;
}

const char *figure_help(figure which) {
  return rows[which].help;
}

figure_kind figure_kind_of(figure which) {
  return rows[which].kind;
}

figure figure_find(const char *text, size_t size) {
  for (figure which = 0; which < FIGURES; which++) {
    const char *name = rows[which].name;
    if (strlen(name) == size && memcmp(name, text, size) == 0) return which;
  }
  return FIGURES;
}

typedef struct unit {
  const char *name;
  double size;
} unit;

/* Three digits that say something, in the largest unit that has one. */
static void put(char text[FIGURE_TEXT], double value, const unit *units) {
  const unit *with = units;
  while (with[1].name != NULL && value >= with[1].size) with++;
  double number = value / with->size;
  int digits = number >= 99.95 || with->size <= 1 ? 0 : number >= 9.995 ? 1 : 2;
  snprintf(text, FIGURE_TEXT, "%.*f %s", digits, number, with->name);
}

static void put_count(char text[FIGURE_TEXT], double value, const char *end) {
  char digits[FIGURE_TEXT];
  bool small = value < 100 && value != floor(value);
  int size = snprintf(digits, sizeof digits, "%.*f", small ? 1 : 0, value);
  int whole = small ? size - 2 : size, to = 0;
  for (int i = 0; i < size && to < FIGURE_TEXT - 12; i++) {
    bool begins = i > 0 && i < whole && (whole - i) % 3 == 0;
    if (begins && digits[i - 1] != '-') text[to++] = ',';
    text[to++] = digits[i];
  }
  snprintf(text + to, (size_t)(FIGURE_TEXT - to), "%s", end);
}

const char *figure_text(figure_kind kind, double value,
                        char text[FIGURE_TEXT]) {
  static const unit times[] = {
      {"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}, {0}};
  static const unit sizes[] = {
      {"B", 1}, {"KiB", 1024}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {0}};
  if (isnan(value))
    snprintf(text, FIGURE_TEXT, "not measured");
  else if (kind == IS_TIME)
    put(text, value, times);
  else if (kind == IS_BYTES)
    put(text, value, sizes);
  else
    put_count(text, value, kind == IS_RATE ? " a second" : "");
  return text;
}
