/* Markdown files whose fenced blocks are transcripts, each named by the heading
 * above it. */
#ifndef MIDGE_TEST_BOOK_H
#define MIDGE_TEST_BOOK_H

#include <stdbool.h>

typedef bool book_play(const char *title, const char *lines);

/* Play those of the files named, or of this folder if there are none, whose
 * title contains `--only TEXT`, if that comes first. The exit code. */
int book_main(int argc, char **argv, book_play *play);
/* The same of another folder of test/. */
int book_main_of(int argc, char **argv, const char *folder, book_play *play);

#endif
