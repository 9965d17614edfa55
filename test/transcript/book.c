#include "transcript/book.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct book {
  book_play *play;
  const char *only; /* null: all */
  unsigned played, failed;
} book;

static char *read_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return NULL;
  fseek(file, 0, SEEK_END);
  size_t size = (size_t)ftell(file);
  rewind(file);
  char *text = malloc(size + 1);
  text[fread(text, 1, size, file)] = '\0';
  fclose(file);
  return text;
}

/* The heading, without its marks, up to `room`. */
static void take_title(char *title, size_t room, const char *path,
                       const char *at) {
  const char *name = strrchr(path, '/');
  at += strspn(at, "# ");
  snprintf(title, room, "%s: %.*s", name == NULL ? path : name + 1,
           (int)strcspn(at, "\n"), at);
}

/* A fenced block from its first line on; returns its end. */
static const char *play_block(book *in, const char *title, const char *start) {
  const char *end = strstr(start, "\n```");
  size_t size = end == NULL ? strlen(start) : (size_t)(end - start);
  if (in->only == NULL || strstr(title, in->only) != NULL) {
    char *lines = malloc(size + 1);
    memcpy(lines, start, size);
    lines[size] = '\0';
    in->played++;
    in->failed += !in->play(title, lines);
    free(lines);
  }
  return start + size + (end == NULL ? 0 : 4);
}

static void play_text(book *in, const char *path, const char *text) {
  char title[256] = "";
  while (*text != '\0') {
    if (text[0] == '#') take_title(title, sizeof title, path, text);
    if (strncmp(text, "```", 3) == 0) {
      text = play_block(in, title, text + strcspn(text, "\n") + 1);
    }
    text += strcspn(text, "\n");
    text += *text == '\n';
  }
}

static bool play_path(book *in, const char *path) {
  char *text = read_file(path);
  if (text == NULL) {
    fprintf(stderr, "%s cannot be read\n", path);
    return false;
  }
  play_text(in, path, text);
  free(text);
  return true;
}

static bool play_folder(book *in, const char *folder) {
  glob_t found;
  char pattern[512];
  snprintf(pattern, sizeof pattern, MIDGE_TEST_DIR "/%s/*.md", folder);
  bool good = glob(pattern, 0, NULL, &found) == 0;
  for (size_t i = 0; good && i < found.gl_pathc; i++) {
    good = play_path(in, found.gl_pathv[i]);
  }
  globfree(&found);
  return good;
}

int book_main_of(int argc, char **argv, const char *folder, book_play *play) {
  book in = {.play = play};
  bool good = true;
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "--only") == 0) {
    in.only = argv[2];
    first = 3;
  }
  for (int i = first; i < argc; i++) good = play_path(&in, argv[i]) && good;
  if (first >= argc) good = play_folder(&in, folder);
  printf("%u transcripts played, %u failed\n", in.played, in.failed);
  return !good || in.played == 0 || in.failed != 0;
}

int book_main(int argc, char **argv, book_play *play) {
  return book_main_of(argc, argv, "transcript", play);
}
