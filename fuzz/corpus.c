/* Writes the samples of the unit tests as files to start a corpus from:
 *
 *     build/fuzz/corpus decode_5 folder        (or decode_3)
 *
 * One file per packet, and one with all packets in a row. */
#include <errno.h>
#include <string.h>

#include "check.h"
#include "notation.h"
#include "samples.h"

static FILE *create(const char *folder, const char *name, size_t number) {
  char path[4096];
  int size = snprintf(path, sizeof path, "%s/%s-%03zu", folder, name, number);
  CHECK(size > 0 && (size_t)size < sizeof path);
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    fprintf(stderr, "%s: %s\n", path, strerror(errno));
    exit(2);
  }
  return file;
}

static void write_samples(bool of_5, const char *folder) {
  FILE *all = create(folder, "all", 0);
  const sample *each;
  for (size_t i = 0; (each = sample_at(i)) != NULL; i++) {
    if ((each->version == MIDGE_MQTT_5) != of_5) continue;
    size_t size;
    uint8_t *bytes = notation_read(each->notation, &size);
    FILE *one = create(folder, "sample", i);
    CHECK(fwrite(bytes, 1, size, one) == size);
    CHECK(fwrite(bytes, 1, size, all) == size);
    fclose(one);
    free(bytes);
  }
  fclose(all);
}

int main(int count, char **arguments) {
  if (count != 3) {
    fprintf(stderr, "corpus decode_5|decode_3 folder\n");
    return 2;
  }
  write_samples(strcmp(arguments[1], "decode_5") == 0, arguments[2]);
  return 0;
}
