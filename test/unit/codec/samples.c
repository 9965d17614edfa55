#include "samples.h"

const sample *sample_at(size_t index) {
  const struct {
    const sample *list;
    size_t count;
  } groups[] = {
      {samples_5_link, samples_5_link_count},
      {samples_5_flow, samples_5_flow_count},
      {samples_3_1_1, samples_3_1_1_count},
      {samples_3_1, samples_3_1_count},
  };
  for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
    if (index < groups[i].count) return &groups[i].list[index];
    index -= groups[i].count;
  }
  return NULL;
}
