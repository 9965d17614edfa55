/* Busy clients without a client: connections of one thread that write messages
 * that were made before, 20 in each write, as the curve's clients do. What they
 * cost is the system's, and the bound of that curve.
 *
 *   bench_writes <connections> <URL of the sink> */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { EACH = 20, PAYLOAD = 64, MESSAGES_MIN = 200000, US_IN_S = 1000000 };

static const char topic[] = "growth";

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void put(int file, const void *bytes, size_t size) {
  if (send(file, bytes, size, 0) != (ssize_t)size) fail("send");
}

static int connect_one(const struct sockaddr_in *to, int number) {
  uint8_t connack[4], packet[32] = {0x10, 0, 0, 4, 'M', 'Q', 'T', 'T', 4, 2};
  const int on = 1;
  int length = snprintf((char *)packet + 14, sizeof packet - 14, "%d", number);
  packet[1] = (uint8_t)(12 + length);
  packet[13] = (uint8_t)length;
  int file = socket(AF_INET, SOCK_STREAM, 0);
  if (file < 0) fail("socket");
  if (connect(file, (const void *)to, sizeof *to) != 0) fail("connect");
  setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  put(file, packet, 2 + packet[1]);
  if (recv(file, connack, 4, MSG_WAITALL) != 4) fail("CONNACK");
  return file;
}

static size_t make_messages(uint8_t *to) {
  const size_t size = strlen(topic), length = 2 + size + PAYLOAD;
  uint8_t *begin = to;
  for (int i = 0; i < EACH; i++) {
    *to++ = 0x30;
    *to++ = (uint8_t)length;
    *to++ = 0;
    *to++ = (uint8_t)size;
    memcpy(to, topic, size);
    memset(to + size, 'x', PAYLOAD);
    to += size + PAYLOAD;
  }
  return (size_t)(to - begin);
}

static double cpu_us(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * US_IN_S +
         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void write_all(const int *files, int count, int messages) {
  uint8_t bytes[EACH * (4 + sizeof topic + PAYLOAD)];
  size_t size = make_messages(bytes);
  for (int i = 0; i < messages / EACH; i++) put(files[i % count], bytes, size);
}

int main(int argc, char **argv) {
  const char *port = argc >= 3 ? strrchr(argv[2], ':') : NULL;
  int count = port != NULL ? atoi(argv[1]) : 0;
  if (count <= 0) {
    fputs("usage: bench_writes <connections> <URL of the sink>\n", stderr);
    return 2;
  }
  int messages = EACH * count > MESSAGES_MIN ? EACH * count : MESSAGES_MIN;
  int *files = calloc((size_t)count, sizeof *files);
  if (files == NULL) fail("calloc");
  const struct sockaddr_in to = {
      .sin_family = AF_INET,
      .sin_port = htons((uint16_t)atoi(port + 1)),
      .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
  };
  for (int i = 0; i < count; i++) files[i] = connect_one(&to, i);
  write_all(files, count, messages); /* warms up */
  double before = cpu_us();
  write_all(files, count, messages);
  printf("{\"cost\":%f}\n", (cpu_us() - before) / messages);
  free(files);
  return 0;
}
