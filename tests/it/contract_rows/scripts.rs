//! What a script relies on: streams, exit codes, options, JSON.

use crate::support::Row;

pub const STREAMS: &[Row] = &[
    ("a typo is an error with a suggestion, never a prompt", &["usage_errors_are_exit_2_and_suggest_what_was_meant"]),
    ("stdin without PROMPT is the prompt", &["stdin_is_the_prompt_where_there_is_none"]),
    (
        "stdin follows PROMPT after a blank line",
        &["stdin_follows_the_prompt_after_a_blank_line", "a_regular_file_as_stdin_is_read"],
    ),
    ("/dev/null is nothing", &["dev_null_an_empty_pipe_and_a_closed_stdin_are_nothing"]),
    (
        "a pipe has 3 s to show its first byte",
        &[
            "a_silent_pipe_is_left_out_after_3_s_with_a_line_that_says_so",
            "a_slow_pipe_is_read_to_its_end_after_its_first_byte",
            "a_pipe_beside_a_prompt_gets_three_seconds_and_a_pipe_alone_all_the_time",
        ],
    ),
    ("--stdin wait, never", &["stdin_wait_waits_for_a_slow_producer", "stdin_never_does_not_wait"]),
    (
        "too much, no text, no prompt: exit 2",
        &["more_than_16_mib_of_stdin_is_exit_2", "invalid_utf_8_on_stdin_is_exit_2", "no_prompt_at_all_is_exit_2"],
    ),
    (
        "stdout is the answer and nothing else",
        &["a_good_answer_is_exit_0_with_nothing_but_the_answer", "color_always_changes_no_byte_of_a_pipe"],
    ),
    ("flushed with each read", &["text_is_flushed_with_each_read_from_the_network"]),
    ("exactly one newline at the end", &["stdout_ends_in_exactly_one_newline_and_none_is_added_to_one"]),
    (
        "a reader who leaves cancels the request, exit 0, no message",
        &[
            "head_1_stops_the_request_within_a_second_without_a_word",
            "a_reader_who_leaves_while_the_model_is_silent_is_noticed_within_a_second",
        ],
    ),
    ("full disk behind stdout: 74, answer kept", &["a_full_disk_behind_stdout_is_exit_74_and_the_answer_is_kept"]),
    ("sayso alone with a pipe is `sayso ask -`", &["sayso_alone_with_a_pipe_is_ask"]),
    ("-c with nothing to continue is exit 3", &["continue_with_nothing_to_continue_is_exit_3"]),
    (
        "reasoning, tool lines and errors go to stderr",
        &["thoughts_never_reach_stdout", "what_stands_beside_a_piped_answer_is_sanitised_on_stderr"],
    ),
    (
        "--color always styles what is for a person and no pipe",
        &["color_always_changes_no_byte_of_a_pipe", "colour_has_an_order"],
    ),
    (
        "when stdout cannot be written what came is saved",
        &["a_full_disk_behind_stdout_is_exit_74_and_the_answer_is_kept"],
    ),
];

pub const EXIT_CODES: &[Row] = &[
    ("0", &["a_good_answer_is_exit_0_with_nothing_but_the_answer"]),
    ("1", &["a_panic_is_one_line_and_keeps_what_came"]),
    ("2", &["usage_errors_are_exit_2_and_suggest_what_was_meant", "no_prompt_at_all_is_exit_2"]),
    (
        "3",
        &["continue_with_nothing_to_continue_is_exit_3", "a_bad_config_and_missing_credentials_have_their_result_too"],
    ),
    ("4", &["status_401_403_are_exit_4_and_name_the_variable_but_never_the_key"]),
    ("5", &["network_dns_failure_is_exit_5", "network_refused_is_exit_5_and_points_to_base_url"]),
    ("6", &["status_402_is_exit_6_without_a_retry", "status_429_that_stays_is_exit_6_after_four_tries"]),
    ("7", &["status_400_404_422_are_exit_7_with_the_providers_message_and_no_retry"]),
    ("8", &["status_500_502_503_529_are_exit_8_after_four_tries_with_the_request_id"]),
    (
        "9",
        &[
            "fin_after_tokens_is_incomplete",
            "a_tool_loop_for_ever_ends_at_the_limit",
            "nothing_found_is_exit_9_and_says_what_is_missing",
        ],
    ),
    ("10", &["without_a_person_what_needs_a_say_so_is_denied_with_exit_10"]),
    ("11", &["what_does_not_match_is_told_to_the_model_once_and_then_exit_11"]),
    ("12", &["enospc_at_any_write_lets_the_answer_through", "without_a_history_that_can_be_written_once_is_exit_12"]),
    ("74", &["a_full_disk_behind_stdout_is_exit_74_and_the_answer_is_kept"]),
    ("124", &["timeout_is_exit_124_and_keeps_what_came", "timeout_covers_the_wait_for_a_retry"]),
    ("129, 130, 143", &["signals_in_ask_keep_the_partial_answer_and_end_the_request"]),
    ("the page and the topic agree", &["the_page_and_the_topic_list_the_same_exit_codes"]),
    ("a refusal by the model: 10", &["a_refusal_is_text_on_stdout_and_exit_10", "a_content_filter_is_exit_10"]),
    (
        "a broken chunk between good ones: 9, nothing but broken ones or nothing at all: 8",
        &[
            "a_broken_chunk_between_good_ones_is_told_and_the_rest_is_shown",
            "nothing_but_broken_chunks_is_exit_8",
            "html_with_status_200_is_exit_8_and_shows_a_little_of_it",
        ],
    ),
    (
        "errors say what failed, on what, and what to do",
        &["a_provider_error_reads_as_promised", "status_401_403_are_exit_4_and_name_the_variable_but_never_the_key"],
    ),
    (
        "four tries in all, or --retries N and one",
        &[
            "status_500_502_503_529_are_exit_8_after_four_tries_with_the_request_id",
            "a_system_prompt_comes_from_a_file_and_retries_are_counted",
        ],
    ),
    (
        "keep-alives count only before the first token",
        &["a_stall_masked_by_keep_alives_ends_too", "keep_alives_before_the_first_token_are_waited_through"],
    ),
];

pub const SCRIPTS: &[Row] = &[
    ("--schema: stdout is exactly the value", &["the_answer_is_exactly_the_value_and_its_numbers_are_as_written"]),
    (
        "--schema: asked in the way of each API, else in words",
        &[
            "each_dialect_is_asked_in_its_own_way",
            "a_server_without_such_a_mode_is_asked_in_words_and_that_is_remembered",
            "a_refusal_of_one_schema_says_nothing_about_the_next_one",
        ],
    ),
    (
        "--schema: checked here, whatever stands around it",
        &[
            "the_value_is_found_in_whatever_a_model_writes_around_it",
            "an_answer_that_was_cut_off_is_not_taken_for_the_value",
        ],
    ),
    ("--schema in short", &["a_few_words_are_a_schema", "lines_let_descriptions_hold_commas"]),
    ("--schema-multi", &["many_values_are_a_line_each"]),
    ("--schema-retries", &["what_does_not_match_is_told_to_the_model_once_and_then_exit_11"]),
    ("tools before a value", &["tools_run_before_the_value"]),
    ("history search --schema", &["answers_are_found_by_their_schema"]),
    (
        "--code, --first-code, --first-json, --stop-after",
        &["the_part_is_exact", "a_request_ends_with_the_part_and_the_answer_is_complete"],
    ),
    (
        "--once: one request for one key",
        &[
            "a_key_is_asked_once",
            "thirty_two_processes_with_one_key_make_one_request",
            "when_the_one_that_asks_is_killed_the_next_one_asks",
        ],
    ),
    ("--cache", &["the_very_same_request_is_answered_from_the_cache_and_no_other"]),
    ("only whole answers are given again", &["what_failed_or_is_not_whole_is_never_given_again"]),
    (
        "--meta, --meta-fd: on every path",
        &[
            "a_good_run_is_told_with_usage_times_and_ids",
            "every_failure_is_told_too",
            "signals_and_time_limits_are_told",
            "a_descriptor_gets_it_where_it_is_open_for_writing",
        ],
    ),
    ("--session NAME", &["a_session_is_made_by_its_name_and_found_by_it"]),
    ("SAYSO_CONVERSATION", &["the_environment_names_the_conversation"]),
    ("chat --format jsonl", &["each_line_is_a_turn_and_a_bad_one_is_told"]),
    ("--dry-run", &["dry_run_prints_the_request_without_the_key_and_sends_nothing"]),
    ("--require-history", &["require_history_is_content_with_a_good_history"]),
    ("--timing", &["quiet_and_timing_change_stderr_alone", "the_end_is_told_as_ours_in_json_and_in_timing"]),
    ("--no-save", &["no_save_and_memory_write_nothing"]),
    ("--no-stream", &["no_stream_asks_for_the_whole_answer"]),
    ("--offline", &["offline_reaches_this_machine_and_nothing_else"]),
    ("many at once", &["a_hundred_questions_by_xargs_are_all_answered_and_kept"]),
    (
        "-m, -s TEXT or @FILE, -o",
        &["model_system_and_options_are_sent", "a_system_prompt_comes_from_a_file_and_retries_are_counted"],
    ),
    ("-c, --continue", &["continue_sends_what_was_said_before"]),
    ("--max-hops", &["a_tool_loop_for_ever_ends_at_the_limit"]),
    ("--thinking hide, show", &["thoughts_never_reach_stdout", "shown_thoughts_are_dim_and_end_before_the_answer"]),
    ("--timeout", &["timeout_is_exit_124_and_keeps_what_came"]),
    (
        "--once, --stop-after: nothing is asked without a key or a pattern",
        &["an_empty_key_or_pattern_of_a_script_is_a_mistake"],
    ),
    (
        "--config, -q, -v, --accessible",
        &[
            "the_configuration_has_its_place_its_schema_and_a_file_of_ones_own",
            "quiet_and_timing_change_stderr_alone",
            "without_repainting_lines_are_lines",
        ],
    ),
    ("every option of ask is there", &["every_promised_command_and_option_is_there"]),
];

pub const JSON: &[Row] = &[
    ("events from start to result", &["jsonl_tells_the_turn_from_start_to_result"]),
    ("json is the result alone", &["json_is_the_result_alone_in_one_line"]),
    (
        "exactly one result on every path",
        &[
            "every_failure_has_its_result",
            "a_bad_config_and_missing_credentials_have_their_result_too",
            "a_signal_under_jsonl_still_gives_a_result",
        ],
    ),
    ("the schema of events has all of them", &["the_page_has_every_type_of_the_schema_with_its_fields"]),
    ("the text is that of the deltas", &["the_text_of_a_repaired_result_is_that_of_its_deltas"]),
];
