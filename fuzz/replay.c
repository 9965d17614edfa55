/* Runs a target over files and folders, without libFuzzer: what CI does with
 * the corpora, with any compiler.
 *
 *     build/fuzz/replay_decode_5 fuzz/corpus/decode_5 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"

static size_t replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
  }
  long size = ftell(file);
  rewind(file);
  /* Exactly as large as the input, for the sanitizers. */
  uint8_t *data = malloc(size > 0 ? (size_t)size : 1);
  CHECK(data != NULL);
  CHECK(fread(data, 1, (size_t)size, file) == (size_t)size);
  fclose(file);
  LLVMFuzzerTestOneInput(data, (size_t)size);
  free(data);
  return 1;
}

static size_t replay(const char *path) {
  struct stat about;
  if (stat(path, &about) != 0 || !S_ISDIR(about.st_mode))
    return replay_file(path);

  size_t count = 0;
  DIR *folder = opendir(path);
  CHECK(folder != NULL);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    char inside[4096];
    if (entry->d_name[0] == '.') continue;
    int size = snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
    CHECK(size > 0 && (size_t)size < sizeof inside);
    count += replay(inside);
  }
  closedir(folder);
  return count;
}

int main(int count, char **arguments) {
  size_t inputs = 0;
  for (int i = 1; i < count; i++) inputs += replay(arguments[i]);
  printf("%s: %zu inputs\n", arguments[0], inputs);
  return inputs == 0; /* an empty corpus is a mistake */
}
