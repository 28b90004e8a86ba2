//! The faults that are promised to be survived, each with the tests that break it: a row without one is a failure here.

use crate::support::{Row, assert_tested};

const NETWORK: &[Row] = &[
    ("DNS failure", &["network_dns_failure_is_exit_5", "network_silent_name_server_is_not_taken_for_a_silent_server"]),
    ("refused", &["network_refused_is_exit_5_and_points_to_base_url", "network_refused_is_tried_again"]),
    (
        "black hole",
        &[
            "network_black_hole_ends_at_the_connect_timeout",
            "network_black_hole_behind_tls_ends_at_the_connect_timeout",
            "a_black_hole_at_the_prompt_costs_the_turn_and_no_more",
        ],
    ),
    (
        "TLS that fails",
        &[
            "network_tls_failures_are_exit_5_name_the_reason_and_are_not_retried",
            "network_plaintext_on_a_tls_port_is_exit_5",
        ],
    ),
    (
        "proxies",
        &[
            "proxies_of_the_environment_are_ignored_by_default",
            "a_trusted_environment_leads_through_its_proxy",
            "a_proxy_sees_of_https_the_host_and_nothing_else",
            "no_proxy_leaves_hosts_out",
            "this_machine_is_never_reached_by_proxy",
            "a_proxy_that_is_not_there_is_exit_5_and_points_to_the_environment",
        ],
    ),
    ("400, 404, 422", &["status_400_404_422_are_exit_7_with_the_providers_message_and_no_retry"]),
    ("401, 403", &["status_401_403_are_exit_4_and_name_the_variable_but_never_the_key"]),
    ("402", &["status_402_is_exit_6_without_a_retry"]),
    ("408, 409", &["status_408_409_are_tried_again_and_then_exit_7"]),
    ("413", &["status_413_is_exit_7_and_says_how_to_shorten", "status_413_leaves_the_conversation_usable"]),
    (
        "429 in all its forms",
        &[
            "status_429_waits_as_long_as_the_server_asks",
            "status_429_with_a_past_date_or_garbage_backs_off_as_usual",
            "status_429_with_an_hour_to_wait_fails_at_once_and_says_when",
        ],
    ),
    ("500, 502, 503, 529", &["status_500_502_503_529_are_exit_8_after_four_tries_with_the_request_id"]),
    ("redirect elsewhere", &["a_redirect_is_not_followed_and_the_key_stays_here"]),
    ("slow headers", &["network_slow_headers_end_at_the_first_byte_timeout"]),
    ("stall", &["a_stall_ends_at_the_idle_timeout_and_keeps_what_came"]),
    ("stall behind keep-alives", &["a_stall_masked_by_keep_alives_ends_too"]),
    ("close before any event", &["a_connection_closed_before_any_event_is_tried_again_and_then_exit_5"]),
    ("close after tokens", &["fin_after_tokens_is_incomplete", "reset_after_tokens_is_incomplete"]),
    ("no [DONE]", &["fin_after_the_finish_reason_is_complete"]),
    ("broken body", &["a_truncated_or_bad_chunk_is_incomplete", "a_body_shorter_than_its_length_is_incomplete"]),
    ("GOAWAY", &["http2_goaway_lets_the_answer_finish", "http2_goaway_makes_the_next_turn_open_a_new_connection"]),
    ("RST_STREAM", &["http2_refused_stream_is_tried_again", "http2_reset_in_the_middle_is_incomplete"]),
    ("flood of HTTP/2 frames", &["http2_floods_end_the_connection_and_hold_no_memory"]),
    (
        "dead connection at the prompt",
        &[
            "http2_connection_that_dies_while_the_person_types_is_noticed",
            "http2_connection_that_was_opened_ahead_and_died_is_replaced",
            "a_connection_that_is_closed_while_the_person_types_is_replaced_without_a_word",
        ],
    ),
    (
        "garbage in an event",
        &["a_broken_chunk_between_good_ones_is_told_and_the_rest_is_shown", "nothing_but_broken_chunks_is_exit_8"],
    ),
    (
        "error inside 200",
        &[
            "an_error_event_before_the_first_token_is_tried_again",
            "an_error_event_after_tokens_is_incomplete_and_not_tried_again",
        ],
    ),
    (
        "200 that is no stream",
        &["html_with_status_200_is_exit_8_and_shows_a_little_of_it", "a_json_answer_that_is_no_stream_is_taken"],
    ),
    ("endless stream", &["an_endless_answer_stops_at_64_mib"]),
    ("endless line", &["a_line_of_100_mb_is_given_up_at_8_mib"]),
    (
        "broken text",
        &["invalid_utf_8_becomes_the_replacement_character", "a_lone_surrogate_does_not_poison_the_conversation"],
    ),
    ("framing", &["any_framing_of_the_stream_gives_the_same_answer", "any_chunking_gives_the_same_frames"]),
    ("ids of tool calls", &["ids_of_calls_that_repeat_are_made_our_own"]),
    (
        "arguments of tool calls",
        &[
            "broken_tool_arguments_do_not_poison_the_conversation",
            "arguments_of_more_than_a_mebibyte_are_not_run_and_are_sent_as_valid_json",
        ],
    ),
    ("unknown tool", &["an_unknown_tool_is_an_error_for_the_model_and_a_round"]),
    ("tool loop", &["a_tool_loop_for_ever_ends_at_the_limit", "the_same_call_three_times_ends_the_turn"]),
    (
        "call without result",
        &[
            "after_a_tool_call_without_result_the_conversation_goes_on",
            "a_kill_while_a_tool_runs_leaves_a_conversation_that_goes_on",
        ],
    ),
];

const PROCESS: &[Row] = &[
    (
        "SIGINT at the prompt",
        &[
            "ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130",
            "ctrl_c_clears_the_line_and_up_brings_it_back",
        ],
    ),
    (
        "SIGINT in a turn",
        &[
            "ctrl_c_before_the_first_token_cancels_and_gives_the_prompt_back",
            "ctrl_c_while_an_answer_streams_keeps_what_came",
        ],
    ),
    ("SIGINT in a tool", &["ctrl_c_cancels_a_running_tool_and_the_prompt_is_back_at_once"]),
    ("SIGINT in ask", &["signals_in_ask_keep_the_partial_answer_and_end_the_request"]),
    (
        "SIGINT twice",
        &[
            "a_second_ctrl_c_ends_ask_at_once_while_the_disk_is_stuck",
            "a_second_ctrl_c_does_not_wait_for_a_stuck_history",
        ],
    ),
    (
        "SIGTERM, SIGHUP",
        &[
            "sigterm_keeps_what_came_and_leaves_with_143",
            "a_closed_terminal_leaves_with_129_at_the_prompt_and_while_an_answer_streams",
        ],
    ),
    ("reader of stdout leaves", &["head_1_stops_the_request_within_a_second_without_a_word"]),
    ("full disk behind stdout", &["a_full_disk_behind_stdout_is_exit_74_and_the_answer_is_kept"]),
    (
        "stdout that nobody reads",
        &["a_blocked_stdout_pauses_the_idle_timer_and_loses_nothing", "a_blocked_stdout_does_not_block_ctrl_c"],
    ),
    ("SIGTSTP, SIGCONT", &["ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back"]),
    ("storm of SIGWINCH", &["a_storm_of_new_sizes_loses_no_text"]),
    (
        "odd stdin",
        &[
            "dev_null_an_empty_pipe_and_a_closed_stdin_are_nothing",
            "more_than_16_mib_of_stdin_is_exit_2",
            "invalid_utf_8_on_stdin_is_exit_2",
        ],
    ),
    ("nobody to ask", &["without_a_person_what_needs_a_say_so_is_denied_with_exit_10"]),
    (
        "kill -9",
        &[
            "kill_9_at_every_write_with_persist_on_loses_at_most_the_window",
            "kill_9_at_any_moment_with_persist_on_loses_at_most_the_window",
            "kill_9_at_every_write_with_persist_off_keeps_the_prompt",
            "kill_9_at_every_write_without_a_wal_loses_at_most_the_window",
            "kill_9_at_random_moments_loses_at_most_the_window",
            "kill_9_of_the_prompt_at_random_moments_loses_at_most_the_window",
        ],
    ),
    ("recovery beside a living process", &["a_live_process_is_not_taken_for_a_dead_one"]),
    ("panic", &["a_panic_is_one_line_and_keeps_what_came"]),
    (
        "limits of the system",
        &["a_lack_of_memory_leaves_the_history_sound", "a_lack_of_files_is_a_clean_error_and_the_history_stays_sound"],
    ),
    ("SIGXFSZ", &["a_file_size_limit_is_a_full_disk_and_no_signal"]),
];

const STORAGE: &[Row] = &[
    (
        "ENOSPC",
        &[
            "enospc_at_any_write_lets_the_answer_through",
            "enospc_that_passes_loses_nothing",
            "a_full_file_system_lets_the_answer_through",
        ],
    ),
    ("EIO", &["eio_lets_the_answer_through_and_is_never_called_saved"]),
    ("read-only", &["a_read_only_mount_is_told_once_and_can_be_read"]),
    (
        "lock of another process",
        &[
            "a_lock_that_stays_delays_nothing_and_is_told",
            "a_lock_in_the_middle_of_an_answer_does_not_hold_its_tokens",
            "a_lock_whose_holder_gets_on_is_waited_for",
            "a_turn_to_write_that_does_not_come_holds_no_token",
        ],
    ),
    (
        "many writers",
        &[
            "two_writers_at_once_keep_all_and_in_order",
            "sixty_four_processes_start_at_once_on_no_database",
            "sixty_four_writers_of_twenty_messages_lose_nothing_and_never_hear_of_a_lock",
        ],
    ),
    (
        "damage",
        &[
            "a_corrupt_header_is_moved_aside",
            "corrupt_pages_are_moved_aside",
            "a_truncated_database_is_moved_aside",
            "a_text_file_is_moved_aside",
            "an_empty_file_is_a_new_database",
            "random_damage_never_stops_the_answer",
        ],
    ),
    ("newer schema", &["a_newer_schema_is_left_alone"]),
    ("migration that is killed", &["a_migration_that_is_killed_leaves_a_file_that_the_next_start_takes"]),
    (
        "migration by many",
        &["sixteen_starts_at_once_on_an_empty_file_all_succeed", "sixteen_starts_at_once_on_an_old_file_all_succeed"],
    ),
    (
        "no WAL, no locks",
        &[
            "without_shared_memory_the_old_journal_is_used_with_one_warning",
            "without_locks_on_the_shared_memory_the_old_journal_is_used_with_one_warning",
            "where_nothing_can_lock_the_history_is_off_at_once_with_one_warning",
        ],
    ),
    ("slow disk", &["a_slow_disk_does_not_slow_the_tokens", "a_stuck_disk_does_not_keep_anybody_from_typing"]),
    (
        "deleted or replaced",
        &[
            "a_database_that_is_deleted_while_an_answer_streams_is_made_again",
            "a_database_that_is_replaced_while_an_answer_streams_gets_the_conversation",
        ],
    ),
    (
        "WAL that grows",
        &[
            "the_wal_does_not_grow_without_end",
            "a_reader_that_stays_holds_up_no_writer_and_the_wal_shrinks_when_it_leaves",
        ],
    ),
    (
        "clock",
        &[
            "a_clock_that_jumps_changes_no_order",
            "a_clock_that_falls_back_while_an_answer_streams_holds_nothing_up",
            "what_a_dead_process_left_in_2100_is_recovered_in_1970",
        ],
    ),
    (
        "modes and links",
        &[
            "files_are_0600_and_folders_0700_whatever_the_umask",
            "a_history_that_others_can_read_is_told",
            "a_symbolic_link_is_followed",
        ],
    ),
];

#[test]
fn every_fault_has_its_tests() {
    assert_tested(&[NETWORK, PROCESS, STORAGE].concat());
}
