/* Everything that can go wrong, or be done at an awkward moment. A run of many
 * seeds in which one of them never happened has not shown much. */
#ifndef MIDGE_TEST_HITS_H
#define MIDGE_TEST_HITS_H

/* clang-format off */
#define HITS(X) \
  X(dial_refused) X(dial_silent) X(dial_late) X(cut_fin) X(cut_rst) \
  X(cut_silent) X(cut_to_broker) X(cut_to_client) X(cut_while_shaking) \
  X(write_error) X(write_partial) X(write_waits) X(write_cut) X(bytewise) \
  X(late_driver) X(old_fact) X(broken_while_paused) X(ended) X(slow_answer) \
  X(slow_disk) X(commit_failed) X(commit_uncertain) X(commit_silent) \
  X(disk_full) X(killed) X(killed_in_turn) X(killed_while_writing) \
  X(killed_silently) X(records_lost) X(records_kept) X(clock_jump) \
  X(restarted_late) X(store_lost) X(damaged) X(damaged_in_flight) \
  X(restored) X(restored_in_flight) X(restored_released) \
  X(restored_received) X(restored_fleeting) X(restored_absent) \
  X(not_stored) X(fleeting) X(taken_back) X(absent) X(absent_loaded) \
  X(absent_damaged) X(discarded) X(dropped) X(inbox) X(inbox_again) \
  X(inbox_full) X(batch) X(qos_lowered) \
  X(qos_refused) X(stranger) X(broker_crash) X(went_back) \
  X(session_lost) X(session_expired) X(takeover) X(server_disconnect) \
  X(server_closes) X(connack_refused) X(connack_lasting) X(version_refused) \
  X(sent_elsewhere) X(reference_bad) X(server_moved) X(window_of_one) \
  X(exceeded) X(server_keep_alive) X(publish_refused) X(subscribe_refused) \
  X(poison) X(silent_broker) X(proxy_refused) X(proxy_silent) X(place_dead) \
  X(ask_late) X(ask_old) X(ask_bad_url) X(ask_new_url) X(paused) X(held) \
  X(by_hand) X(at_release) X(connect) X(connect_again) X(disconnect) \
  X(disconnect_idle) X(force) X(abort) X(abort_idle) X(reconnect) X(hurry) \
  X(close) X(close_idle) X(publish) X(publish_idle) X(subscribe) \
  X(unsubscribe) X(cancel) X(set_will) X(ttl) X(timeout) X(in_event) \
  X(between_events) X(gave_up) X(expired) X(timed_out) X(cancelled) \
  X(broke) X(renewed) X(resumed) X(negotiated) X(stable) X(followed) \
  X(next_place) X(dead_link) X(freed_alive) X(healed) X(lease_taken) \
  X(lease_owed) X(lease_full) X(lease_broken) X(lease_asleep) X(lease_read)
/* clang-format on */

#define HIT(name) HIT_##name,
typedef enum hit { HITS(HIT) HIT_COUNT } hit;
#undef HIT

extern const char *const hit_names[HIT_COUNT];

#endif
