/* Plays the transcripts of this folder, or of the Markdown files named.
 *
 *     transcript_link_lives retries.md ...
 *     transcript_link_lives --only "Redirects"     what matches alone */
#include "transcript/book.h"
#include "transcript/link/link_driver.h"

int main(int argc, char **argv) {
  return book_main_of(argc, argv, "transcript/link", link_play);
}
