//! What is promised to users, each promise with the tests that hold it: a row without one is a failure here.

use crate::support::{Row, assert_tested};

const STREAMS: &[Row] = &[
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

const EXIT_CODES: &[Row] = &[
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

const SCRIPTS: &[Row] = &[
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

const JSON: &[Row] = &[
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

const DURABILITY: &[Row] = &[
    ("the prompt is on disk before the request", &["the_prompt_is_on_disk_before_the_answer_begins"]),
    (
        "kill -9 loses at most the window",
        &[
            "kill_9_at_any_moment_with_persist_on_loses_at_most_the_window",
            "kill_9_with_persist_off_keeps_the_prompt_and_marks_the_answer",
        ],
    ),
    ("no finished message is lost", &["no_finished_message_is_lost_and_nothing_is_corrupt_when_the_power_goes"]),
    ("what was cut off can be continued", &["an_interrupted_answer_can_be_continued"]),
    ("after kill -9 no child is left", &["after_kill_9_nothing_is_left_within_three_seconds"]),
    ("private files", &["files_are_0600_and_folders_0700_whatever_the_umask"]),
    ("keys are nowhere", &["no_fault_and_no_verbosity_gives_the_key_away", "no_command_gives_the_key_away"]),
    ("a panic keeps what came", &["a_panic_is_one_line_and_keeps_what_came"]),
    (
        "every stop that can be handled keeps what came",
        &[
            "signals_in_ask_keep_the_partial_answer_and_end_the_request",
            "timeout_is_exit_124_and_keeps_what_came",
            "head_1_stops_the_request_within_a_second_without_a_word",
        ],
    ),
    ("a history that cannot be written can be read", &["a_read_only_mount_is_told_once_and_can_be_read"]),
];

const FIRST_RUN: &[Row] = &[
    ("the REPL needs nothing", &["the_first_run_needs_nothing_and_says_so_in_three_lines"]),
    ("a script gets no demo answers silently", &["a_script_without_a_provider_gets_no_demo_answer"]),
    ("defaults < file < environment < flags", &["the_environment_wins_over_the_file_and_a_flag_over_both"]),
    (
        "Ctrl-C and Ctrl-D at the prompt",
        &[
            "ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130",
            "ctrl_c_clears_the_line_and_up_brings_it_back",
            "ctrl_d_deletes_a_character_and_on_an_empty_line_leaves_with_0_and_says_how_to_come_back",
        ],
    ),
    ("an unknown /x is never sent", &["a_command_nobody_knows_is_an_error_and_never_sent"]),
    ("a key in the environment is enough", &["well_known_providers_need_only_a_key"]),
    (
        "the connection is opened ahead and can be left out",
        &["the_connection_is_opened_ahead_unless_that_is_switched_off"],
    ),
];

const MODELS: &[Row] = &[
    (
        "-f: files, folders, patterns, pages, stdin",
        &[
            "texts_images_and_pdfs_go_out_in_every_dialect",
            "folders_and_patterns_leave_out_what_nobody_means",
            "lines_of_a_file_and_standard_input_are_attached_too",
            "a_page_goes_along_as_text_and_the_network_around_stays_out_of_reach",
        ],
    ),
    (
        "-m twice and more",
        &[
            "answers_come_one_after_the_other_under_their_models",
            "they_are_branches_of_one_prompt_and_the_first_good_one_goes_on",
        ],
    ),
    (
        "--role, --role-file",
        &["a_role_says_what_is_asked_and_how", "a_script_is_a_role", "a_conversation_keeps_its_role"],
    ),
    (
        "--record, --replay, api: replay",
        &[
            "every_dialect_is_played_without_a_key_and_without_a_network",
            "a_provider_of_the_configuration_plays_a_record",
        ],
    ),
    (
        "--max-cost, --max-tokens-total, budget",
        &[
            "a_day_ends_when_its_tokens_are_used",
            "sixteen_processes_at_once_never_spend_more",
            "tokens_of_a_run_are_limited_too_and_an_unknown_price_is_told_once",
        ],
    ),
    ("--format markdown, --width", &["a_pipe_gets_the_exact_text_unless_it_asks_for_more"]),
    (
        "keys set, list, rm",
        &[
            "a_key_from_a_pipe_is_kept_used_listed_and_forgotten",
            "a_typed_key_is_not_on_the_screen_and_the_terminal_echoes_again",
        ],
    ),
    (
        "models list, info, refresh",
        &[
            "a_list_comes_from_the_provider_and_then_from_the_cache",
            "what_is_known_of_a_model_is_told_and_a_slip_is_understood",
        ],
    ),
    ("fallback", &["a_provider_that_is_down_or_full_is_replaced_and_that_is_said"]),
    ("context", &["the_oldest_turns_are_left_out_with_a_notice_and_stay_in_the_history"]),
    (
        "init, doctor",
        &[
            "init_finds_a_server_on_this_machine_writes_a_file_and_has_nothing_to_add_then",
            "doctor_finds_everything_in_order_where_it_is",
        ],
    ),
    (
        "config get, set, edit",
        &[
            "a_setting_is_printed_for_a_script",
            "a_setting_is_changed_and_comments_and_mode_stay",
            "an_edited_file_is_checked_before_it_counts",
        ],
    ),
    (
        "-m twice on a wide terminal",
        &["a_wide_terminal_shows_answers_side_by_side", "a_model_that_is_slow_holds_up_the_others_for_three_seconds"],
    ),
    (
        "config path, show, check, schema",
        &[
            "the_configuration_has_its_place_its_schema_and_a_file_of_ones_own",
            "a_check_tells_warnings_and_who_is_asked",
        ],
    ),
    (
        "all mistakes of the configuration at once, with places",
        &["mistakes_of_the_configuration_are_told_all_at_once_with_their_places"],
    ),
    (
        "a mapping that stands twice is merged, a scalar is an error",
        &["a_mapping_that_stands_twice_is_merged_and_told", "a_scalar_that_stands_twice_names_both_lines"],
    ),
    (
        "a configuration written for the guide loads unchanged",
        &["a_configuration_written_for_the_guide_loads_unchanged"],
    ),
    ("every setting stands in the example with its default", &["the_example_has_every_setting_with_its_default"]),
    (
        "keys from the environment, a command, a private file, the configuration; never the command line",
        &[
            "a_key_comes_from_a_command_or_a_private_file",
            "a_key_file_that_others_can_touch_is_told_or_refused",
            "the_environment_comes_before_a_stored_key_and_that_is_told",
        ],
    ),
];

const COMMANDS: &[Row] = &[
    (
        "batch",
        &[
            "every_row_has_its_line_in_the_order_of_the_rows",
            "however_often_it_is_killed_each_row_is_answered_once",
            "shards_take_each_row_once_and_their_results_merge",
        ],
    ),
    (
        "history list, show, search",
        &[
            "a_list_is_filtered_and_written_for_each_reader",
            "a_search_shows_the_words_around_with_the_finds_marked",
            "branches_and_times_are_shown",
        ],
    ),
    (
        "history rename, fork, pin, rm",
        &["a_conversation_is_renamed_pinned_forked_and_deleted", "a_conversation_that_is_in_use_is_not_deleted"],
    ),
    (
        "history export, import",
        &[
            "what_is_exported_comes_back_the_same_to_the_byte",
            "export_writes_the_conversation_to_a_file_and_never_over_one",
        ],
    ),
    (
        "history diff, follow",
        &["a_diff_tells_what_two_answers_do_not_share", "a_running_answer_is_printed_as_it_grows"],
    ),
    ("stats", &["turns_are_counted_once_by_everything"]),
    (
        "mcp call, add, rm, import, trust",
        &[
            "a_tool_is_called_without_a_model",
            "a_server_goes_into_the_file_and_out_again_and_the_rest_stays_byte_for_byte",
            "servers_of_other_programs_are_taken_over",
            "a_project_is_ignored_until_it_is_trusted_as_it_is",
        ],
    ),
    (
        "completions, shell-init, man",
        &[
            "completion_files_are_up_to_date",
            "tab_offers_the_names_of_this_machine",
            "a_key_writes_a_command_and_never_runs_it",
            "each_command_gets_a_page_of_the_manual",
        ],
    ),
    ("all of them are there", &["every_promised_command_and_option_is_there", "every_promised_slash_command_is_known"]),
    ("every list, show and search in four formats", &["every_list_show_and_search_has_its_four_formats"]),
    ("batch --save", &["saved_rows_are_conversations_that_go_on", "many_batches_at_once_save_all_of_their_rows"]),
    ("history backup", &["a_backup_is_whole_private_and_overwrites_nothing"]),
    (
        "history prune: nothing without a limit, never what is pinned, by itself after an answer",
        &[
            "without_a_limit_nothing_is_ever_deleted",
            "age_and_messages_and_names_count_each_for_themselves",
            "it_runs_by_itself_after_an_answer_and_not_again_within_the_interval",
        ],
    ),
    ("history scrub", &["scrub_masks_everywhere_and_leaves_no_bytes"]),
    (
        "history sql",
        &["the_views_can_be_asked_in_every_format", "what_is_no_select_over_the_views_is_refused_and_changes_nothing"],
    ),
    ("history check, recover", &["check_tells_damage_and_what_to_do", "any_damaged_page_costs_only_what_was_on_it"]),
    ("history rm asks a person", &["a_person_is_asked_before_anything_is_deleted"]),
    (
        "mcp list, tools, resources, prompts, read",
        &["resources_and_prompts_are_listed_and_read", "every_list_show_and_search_has_its_four_formats"],
    ),
    (
        "mcp login, logout, serve, exercise",
        &[
            "signing_in_keeps_a_token_and_signing_out_forgets_it",
            "harmless_servers_are_served_in_both_revisions_of_the_protocol",
            "requests_share_connections_and_carry_the_headers",
        ],
    ),
    ("help", &["topics_and_commands_have_help", "every_promised_command_and_option_is_there"]),
];

const TOOLS: &[Row] = &[
    (
        "no tool without a say-so",
        &["without_a_say_so_nothing_external_runs", "without_a_person_what_needs_a_say_so_is_denied_with_exit_10"],
    ),
    (
        "y, n, a, e, ?",
        &["a_person_says_yes_and_no", "always_is_asked_once", "the_arguments_can_be_edited_before_the_call_runs"],
    ),
    (
        "harmless ones by default, --no-tools none, -t adds",
        &["harmless_tools_are_offered_and_run_without_a_question", "no_tools_means_none"],
    ),
    ("--allow", &["an_option_allows_a_tool_for_one_run"]),
];

const CTRL_C: &[Row] = &[
    ("empty prompt", &["ctrl_c_on_an_empty_prompt_says_how_to_leave_and_then_leaves_with_130"]),
    ("text at the prompt", &["ctrl_c_clears_the_line_and_up_brings_it_back"]),
    ("waiting for the first token", &["ctrl_c_before_the_first_token_cancels_and_gives_the_prompt_back"]),
    (
        "streaming",
        &["ctrl_c_while_an_answer_streams_keeps_what_came", "a_second_ctrl_c_leaves_with_130_whatever_was_cancelled"],
    ),
    ("tool running", &["ctrl_c_cancels_a_tool_and_again_ends_its_server", "ctrl_d_is_ignored_while_a_tool_runs"]),
    ("approval question", &["ctrl_c_at_the_question_is_no_and_twice_ends_the_turn", "ctrl_d_at_a_question_is_no"]),
    ("ask", &["signals_in_ask_keep_the_partial_answer_and_end_the_request"]),
    ("Ctrl-D while waiting or streaming", &["ctrl_d_is_ignored_before_the_first_token_and_while_an_answer_streams"]),
];

const PROMPT: &[Row] = &[
    ("history from all conversations", &["up_knows_this_conversation_first_and_then_all_others"]),
    ("a paste is never sent", &["a_long_paste_is_a_label_in_the_line_and_whole_in_the_message"]),
    (
        "/copy, /show, /redraw, /set, /provider",
        &[
            "an_answer_and_its_code_are_copied",
            "messages_are_shown_and_drawn_again",
            "settings_hold_until_one_leaves",
            "providers_are_listed_and_changed",
        ],
    ),
    (
        "/attach, /role, /export",
        &[
            "at_the_prompt_files_are_attached_listed_dropped_and_named",
            "a_chat_puts_on_a_role_and_takes_it_off",
            "tab_offers_folders_behind_export",
        ],
    ),
    (
        "/undo, /edit, /fork, /search, /resume",
        &[
            "undo_takes_the_last_prompt_back_to_the_line",
            "an_edited_prompt_is_asked_in_place_of_the_last_one",
            "a_fork_goes_its_own_way",
            "a_search_leads_into_the_conversation",
        ],
    ),
    (
        "answers are rendered as they stream, and nothing is redrawn",
        &["an_answer_on_a_terminal_is_rendered_and_nothing_is_redrawn"],
    ),
    ("Enter, Alt-Enter, Ctrl-J, a backslash, a fence", &["a_text_of_several_lines_is_one_prompt_however_it_was_typed"]),
    ("Ctrl-X Ctrl-E", &["the_editor_gets_the_line_and_gives_it_back"]),
    ("Tab", &["tab_completes_and_a_bad_byte_loses_nothing"]),
    ("/approve", &["approve_shows_what_may_run"]),
    ("/new, /sessions, /rename, /system, /thinking, /usage, /model", &["commands_change_what_the_next_ones_see"]),
];

#[test]
fn every_promise_has_its_tests() {
    assert_tested(
        &[STREAMS, EXIT_CODES, SCRIPTS, MODELS, COMMANDS, TOOLS, CTRL_C, PROMPT, JSON, DURABILITY, FIRST_RUN].concat(),
    );
}
