#include "command.h"

int main(int count, char **words) {
  return midge_command(count, words);
}
