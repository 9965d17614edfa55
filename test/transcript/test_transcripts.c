/* Plays the transcripts of this folder, or of the Markdown files named: every
 * fenced block is one, called as the heading above it.
 *
 *     transcript_transcripts connect.md publish.md ...
 *     transcript_transcripts --only "Keep alive"     what matches alone */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transcript/transcript.h"

typedef struct tally {
  unsigned played, failed;
} tally;

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

static void play_file(const char *path, const char *text, const char *only,
                      tally *to) {
  char title[256] = "";
  while (*text != '\0') {
    if (text[0] == '#') take_title(title, sizeof title, path, text);
    if (strncmp(text, "```", 3) == 0) {
      const char *start = text + strcspn(text, "\n") + 1;
      const char *end = strstr(start, "\n```");
      size_t size = end == NULL ? strlen(start) : (size_t)(end - start);
      char *lines = malloc(size + 1);
      memcpy(lines, start, size);
      lines[size] = '\0';
      if (only == NULL || strstr(title, only) != NULL) {
        to->played++;
        to->failed += !transcript_play(title, lines);
      }
      free(lines);
      text = start + size + (end == NULL ? 0 : 4);
    }
    text += strcspn(text, "\n");
    text += *text == '\n';
  }
}

static bool play_path(const char *path, const char *only, tally *to) {
  char *text = read_file(path);
  if (text == NULL) {
    fprintf(stderr, "%s cannot be read\n", path);
    return false;
  }
  play_file(path, text, only, to);
  free(text);
  return true;
}

static bool play_folder(const char *only, tally *to) {
  glob_t found;
  bool good = glob(MIDGE_TEST_DIR "/transcript/*.md", 0, NULL, &found) == 0;
  for (size_t i = 0; good && i < found.gl_pathc; i++) {
    good = play_path(found.gl_pathv[i], only, to);
  }
  globfree(&found);
  return good;
}

int main(int argc, char **argv) {
  tally count = {0};
  const char *only = NULL;
  bool good = true;
  int first = 1;
  if (argc > 2 && strcmp(argv[1], "--only") == 0) {
    only = argv[2];
    first = 3;
  }
  for (int i = first; i < argc; i++) {
    good = play_path(argv[i], only, &count) && good;
  }
  if (first >= argc) good = play_folder(only, &count);
  printf("%u transcripts played, %u failed\n", count.played, count.failed);
  return !good || count.played == 0 || count.failed != 0;
}
