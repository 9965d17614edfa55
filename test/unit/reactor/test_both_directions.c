/* A link with filters whose output cannot leave for a while: nothing that
 * comes in meanwhile, and nothing that waits, may be lost. */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "program.h"

enum { PINGS = 50000, FRAME = 127, MESSAGES = 200, MESSAGE_BYTES = 100000 };

/* A WebSocket server that says much and hears nothing until it was all said. */
typedef struct talker {
  int listener, socket;
  uint16_t port;
  pthread_t thread;
  atomic_bool said;
  size_t pongs, bytes; /* of data in binary frames */
} talker;

static void send_all(talker *t, const void *bytes, size_t size) {
  const char *at = bytes;
  while (size != 0) {
    ssize_t sent = send(t->socket, at, size, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += sent;
    size -= (size_t)sent;
  }
}

static void receive_all(talker *t, void *bytes, size_t size) {
  char *at = bytes;
  while (size != 0) {
    ssize_t got = recv(t->socket, at, size, 0);
    if (got <= 0) pthread_exit(NULL);
    at += got;
    size -= (size_t)got;
  }
}

/* RFC 6455, 4.2.2. */
static void upgrade(talker *t) {
  static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  char head[4096] = "", joined[128], answer[256];
  unsigned char hash[EVP_MAX_MD_SIZE], text[64];
  unsigned hash_size;
  for (size_t at = 0; strstr(head, "\r\n\r\n") == NULL; at++)
    receive_all(t, head + at, 1);
  const char *key = strstr(head, "Sec-WebSocket-Key: ") + 19;
  int size = snprintf(joined, sizeof joined, "%.24s%s", key, guid);
  EVP_Digest(joined, (size_t)size, hash, &hash_size, EVP_sha1(), NULL);
  EVP_EncodeBlock(text, hash, (int)hash_size);
  size = snprintf(answer, sizeof answer,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n"
                  "Sec-WebSocket-Protocol: mqtt\r\n\r\n",
                  (const char *)text);
  send_all(t, answer, (size_t)size);
}

/* One frame of the client: masked; the payload is dropped. */
static void receive_frame(talker *t) {
  uint8_t head[2], rest[8 + 4];
  static uint8_t payload[1 << 20];
  receive_all(t, head, 2);
  uint64_t size = head[1] & 0x7f;
  size_t more = size == 126 ? 2 : size == 127 ? 8 : 0;
  receive_all(t, rest, more + 4);
  if (more != 0) size = 0;
  for (size_t i = 0; i < more; i++) size = size << 8 | rest[i];
  assert_true(size <= sizeof payload);
  receive_all(t, payload, size);
  if ((head[0] & 0x0f) == 0x0a)
    t->pongs++;
  else
    t->bytes += size;
}

static void *talk(void *context) {
  talker *t = context;
  t->socket = accept(t->listener, NULL, NULL);
  upgrade(t);
  receive_frame(t); /* CONNECT */
  static const uint8_t connack[] = {0x82, 4, 0x20, 2, 0, 0};
  send_all(t, connack, sizeof connack);
  uint8_t ping[FRAME] = {0x89, FRAME - 2};
  for (int i = 0; i < PINGS; i++) send_all(t, ping, sizeof ping);
  static const uint8_t message[] = {0x82, 7, 0x30, 5, 0, 3, 'e', 'n', 'd'};
  send_all(t, message, sizeof message);
  atomic_store(&t->said, true);
  return NULL;
}

static void listen_anywhere(talker *t) {
  struct sockaddr_in in = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof in;
  t->listener = socket(AF_INET, SOCK_STREAM, 0);
  int small = 4096; /* so that the client's output backs up soon */
  setsockopt(t->listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  assert_int_equal(bind(t->listener, (struct sockaddr *)&in, sizeof in), 0);
  assert_int_equal(listen(t->listener, 1), 0);
  getsockname(t->listener, (struct sockaddr *)&in, &size);
  t->port = ntohs(in.sin_port);
}

static void *listen_at_last(void *context) {
  talker *t = context;
  for (;;) receive_frame(t); /* until the client hangs up */
  return NULL;
}

static void both_directions_may_fill_up(void **state) {
  (void)state;
  static talker t;
  static uint8_t payload[MESSAGE_BYTES];
  program p;
  char url[64];
  pthread_t listener;
  listen_anywhere(&t);
  pthread_create(&t.thread, NULL, talk, &t);
  snprintf(url, sizeof url, "ws://127.0.0.1:%u", t.port);
  program_start(&p, url,
                &(midge_client_options){.session = {.version = MIDGE_MQTT_3_1_1,
                                                    .clean_start = true,
                                                    .keep_alive_off = true}});
  wait_until_opened(&p);
  for (uint64_t i = 0; i < MESSAGES; i++) {
    midge_publish much = {.topic = MIDGE_TEXT("much"),
                          .payload = {payload, sizeof payload}};
    assert_int_equal(midge_client_publish(p.client, &much, i + 1), MIDGE_OK);
  }
  usleep(500000); /* both directions fill */
  pthread_create(&listener, NULL, listen_at_last, &t);
  wait_for_messages(&p, 1);
  assert_true(slice_is(p.event.message.topic, "end"));
  wait_for_done(&p, MESSAGES);
  pthread_join(t.thread, NULL);
  assert_true(atomic_load(&t.said));
  midge_client_close(p.client);
  wait_for(&p, MIDGE_EVENT_ENDED);
  program_stop(&p);
  pthread_join(listener, NULL);
  assert_in_range(t.pongs, 1, PINGS); /* the last Ping alone needs one */
  assert_true(t.bytes > (size_t)MESSAGES * MESSAGE_BYTES);
  close(t.socket);
  close(t.listener);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(both_directions_may_fill_up),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
