/* A machine that sleeps: the loop's clock stands still meanwhile. The clock of
 * this file goes on. */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "program.h"

static atomic_long asleep_s;

/* In place of the system's, for libuv too. */
__attribute__((visibility("default"))) int clock_gettime(
    clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (clock == CLOCK_BOOTTIME) time->tv_sec += atomic_load(&asleep_s);
  return result;
}

static void a_message_expires_while_the_machine_sleeps(void **state) {
  (void)state;
  program p;
  atomic_store(&asleep_s, 0);
  program_start(&p, "unix:/nowhere.sock",
                &(midge_client_options){.reconnect.min_ms = 50});
  assert_int_equal(midge_client_connect(p.client), MIDGE_OK);
  midge_property expiry = {.id = MIDGE_MESSAGE_EXPIRY_INTERVAL, .number = 3600};
  midge_publish publish = {
      .topic = MIDGE_TEXT("t"), .qos = 1, .properties = {&expiry, 1}};
  assert_int_equal(midge_client_publish(p.client, &publish, 1), MIDGE_OK);
  /* Wishes are taken in order: when the next one has ended, it is known. */
  assert_int_equal(publish_number(p.client, 1, 1), MIDGE_OK);
  assert_int_equal(midge_client_cancel(p.client, 2), MIDGE_OK);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 2);
  atomic_store(&asleep_s, 4000);
  wait_for(&p, MIDGE_EVENT_DONE);
  assert_int_equal(p.event.done.token, 1);
  assert_int_equal(p.event.done.status, MIDGE_EEXPIRED);
  program_stop(&p);
}

/* The server has had no sign of life for so long: the link is looked at at
 * once, and is alive. */
static void a_link_is_looked_at_after_sleep(void **state) {
  (void)state;
  program p;
  atomic_store(&asleep_s, 0);
  broker *b = broker_start(&(broker_options){0});
  program_start(&p, url_of(b),
                &(midge_client_options){.session.keep_alive_s = 600});
  wait_until_opened(&p);
  atomic_store(&asleep_s, 4000);
  assert_int_equal(publish_number(p.client, 1, 1), MIDGE_OK); /* it wakes */
  wait_for_done(&p, 1);
  for (int i = 0; i < 1000 && broker_pings(b) == 0; i++) usleep(10000);
  assert_int_equal(broker_pings(b), 1);
  expect_silence(&p, 100);
  program_stop(&p);
  broker_stop(b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_message_expires_while_the_machine_sleeps),
      cmocka_unit_test(a_link_is_looked_at_after_sleep),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
