/* Messages that take many reads, between others that share one. */
#include <pthread.h>
#include <stdlib.h>

#include "base/slice.h"
#include "midge/packet.h"
#include "program.h"
#include "raw.h"

enum { PART = 50001, MIB = 1 << 20 };

static const size_t sizes[] = {10,    70000, 100,     3 * MIB,  5,
                               65536, 65530, 131072,  16 * MIB, 0,
                               32768, 98304, 3 * MIB, 3 * MIB,  1};
enum { COUNT = sizeof sizes / sizeof *sizes };

static uint8_t byte_of(size_t message, size_t at) {
  return (uint8_t)(message * 31 + at * 7 + at / 251);
}

static void write_message(raw *server, size_t number) {
  uint8_t *payload = malloc(sizes[number] + 1);
  assert_non_null(payload);
  for (size_t i = 0; i < sizes[number]; i++) payload[i] = byte_of(number, i);
  midge_packet packet = {.type = MIDGE_PUBLISH,
                         .publish = {.topic = MIDGE_TEXT("t"),
                                     .payload = {payload, sizes[number]}}};
  size_t size = midge_packet_size(MIDGE_MQTT_3_1_1, &packet);
  uint8_t *bytes = malloc(size);
  assert_non_null(bytes);
  midge_packet_encode(MIDGE_MQTT_3_1_1, &packet, bytes);
  for (size_t at = 0; at < size; at += PART)
    raw_write(server,
              midge_slice_of(bytes + at, size - at < PART ? size - at : PART));
  free(payload);
  free(bytes);
}

static void *write_all(void *context) {
  for (size_t i = 0; i < COUNT; i++) write_message(context, i);
  return NULL;
}

static void expect_message(program *p, size_t number) {
  wait_for_messages(p, number + 1);
  midge_slice payload = p->event.message.payload;
  assert_int_equal(payload.size, sizes[number]);
  for (size_t i = 0; i < payload.size; i++)
    if (payload.data[i] != byte_of(number, i))
      fail_msg("byte %zu of message %zu", i, number);
}

static void they_come_as_they_were_sent(void **state) {
  (void)state;
  static const uint8_t connack[] = {0x20, 2, 0, 0};
  program p;
  raw server;
  pthread_t writer;
  raw_listen(&server);
  program_start(&p, server.url,
                &(midge_client_options){.session = {.version = MIDGE_MQTT_3_1_1,
                                                    .clean_start = true,
                                                    .keep_alive_off = true}});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  raw_accept(&server);
  raw_read_until(&server, MIDGE_TEXT("MQTT"));
  raw_write(&server, midge_slice_of(connack, sizeof connack));
  wait_for(&p, MIDGE_EVENT_OPENED);
  pthread_create(&writer, NULL, write_all, &server);
  for (size_t i = 0; i < COUNT; i++) expect_message(&p, i);
  pthread_join(writer, NULL);
  program_stop(&p);
  raw_close(&server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(they_come_as_they_were_sent),
  };
  return cmocka_run_group_tests_name("large", tests, NULL, NULL);
}
